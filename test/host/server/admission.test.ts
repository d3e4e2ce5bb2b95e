import { expect } from 'chai'
import { type Reply, text } from '#core'
import { Admission } from '../../../host/server/admission.js'
import { DescriptorBudget, softLimit } from '../../../host/server/descriptors.js'
import { Overload } from '../../../host/server/overload.js'
import { ParallelRequests } from '../../../host/server/parallel-requests.js'
import { until } from '../../support/worker-processes.js'
import { type Door, openDoor } from '../support/door.js'

describe('What is begun at one time', () => {
  const doors: Door[] = []
  let over = new AbortController()
  afterEach(async () => {
    over.abort()
    over = new AbortController()
    for (const door of doors.splice(0)) await door.close()
  })

  /** A house whose answers wait until they are let go. */
  async function held(parts: {
    most?: number
    parallel?: ParallelRequests
    overload?: Overload
    budget?: DescriptorBudget
    trusted?: string[]
  }) {
    const waiting: ((reply: Reply) => void)[] = []
    const admission = new Admission(
      parts.budget ?? new DescriptorBudget(65_536),
      parts.parallel ?? new ParallelRequests({ reads: 3, anonymous: 2, writes: 1 }),
      parts.overload ?? new Overload(),
    )
    const handle = () => new Promise<Reply>((resolve) => waiting.push(resolve))
    const door = await openDoor(handle, { admission, trusted: parts.trusted ?? [] })
    admission.watch(door.server, parts.most ?? 2_000)
    doors.push(door)
    const ask = async (line: string, ...headers: string[]) => {
      const client = await door.raw()
      client.write(`${[`${line} HTTP/1.1`, 'Host: localhost', ...headers].join('\r\n')}\r\n\r\n`)
      return client
    }
    return { door, waiting, ask, release: () => waiting.splice(0).map((done) => done(text(200, 'done'))) }
  }
  /** Nobody waits beyond the end of a test for what was refused. */
  async function begun(waiting: readonly unknown[], count: number): Promise<void> {
    const { signal } = over
    while (waiting.length < count && !signal.aborted) await new Promise((resolve) => setImmediate(resolve))
  }

  const refused = {
    status: 503,
    'retry-after': '1',
    body: '{"type":"about:blank","title":"Service Unavailable","status":503,"detail":"Too much is asked for at this moment","code":"parallel"}',
  }

  const kinds: [string, string, string[], number][] = [
    ['strangers', 'GET /a', [], 2],
    ['readers', 'GET /a', ['Authorization: Bearer one'], 3],
    ['writers', 'DELETE /a', ['Authorization: Bearer one'], 1],
  ]
  for (const [who, line, headers, most] of kinds)
    it(`is so much of ${who}, and one more when one has been answered`, async () => {
      const { ask, waiting, release } = await held({})
      const clients = await Promise.all(Array.from({ length: most }, () => ask(line, ...headers)))
      await begun(waiting, most)
      const { status, headers: answered, body } = await (await ask(line, ...headers)).answer()
      expect({ status, 'retry-after': answered['retry-after'], body }).to.deep.equal(refused)
      release()
      for (const client of clients) expect((await client.answer()).status).to.equal(200)
      const next = await ask(line, ...headers)
      await begun(waiting, 1)
      release()
      expect((await next.answer()).status).to.equal(200)
    })

  it('is counted for each alone: others are served, and reads beside writes', async () => {
    const { ask, waiting, release } = await held({ trusted: ['127.0.0.1/32'] })
    const lines: [string, ...string[]][] = [
      ['DELETE /a', 'Authorization: Bearer one'],
      ['DELETE /a', 'Authorization: Bearer two'],
      ['GET /a', 'Authorization: Bearer one'],
      ['GET /a', 'X-Forwarded-For: 203.0.113.1'],
      ['GET /a', 'X-Forwarded-For: 203.0.113.1'],
      ['GET /a', 'X-Forwarded-For: 203.0.113.2'],
      ['GET /a', 'X-Forwarded-For: 2001:db8:1:2::1'],
      ['GET /a', 'X-Forwarded-For: 2001:db8:1:2:9::7'],
    ]
    const clients = await Promise.all(lines.map((line) => ask(...line)))
    await begun(waiting, lines.length)
    expect((await (await ask('GET /a', 'X-Forwarded-For: 2001:db8:1:2:5::7')).answer()).status, 'one /64').to.equal(503)
    release()
    for (const client of clients) expect((await client.answer()).status).to.equal(200)
  })

  it('is less where a client has gone: its place is free', async () => {
    const { ask, waiting } = await held({})
    const clients = await Promise.all([ask('GET /a'), ask('GET /a')])
    await begun(waiting, 2)
    for (const client of clients) client.close()
    let seen = 503
    while (seen === 503) {
      const next = await ask('GET /a')
      const answer = next.answer().then(({ status }) => status)
      seen = await Promise.race([answer, begun(waiting, 3).then(() => 200)])
    }
    expect(seen).to.equal(200)
  })

  it('never is what the descriptors do not reach for; health is answered', async () => {
    const { ask } = await held({ budget: new DescriptorBudget(4) })
    await ask('GET /a')
    const answer = await (await ask('GET /a')).answer()
    expect([answer.status, JSON.parse(answer.body).code]).to.deep.equal([503, 'descriptors'])
    expect((await (await ask('GET /-/health')).answer()).status).to.equal(200)
  })

  it('is no connection above the limit, and one more when one is gone', async () => {
    const { door, waiting, ask, release } = await held({ most: 1 })
    const first = await ask('GET /a')
    await begun(waiting, 1)
    expect(await (await ask('GET /a')).rest()).to.equal('')
    release()
    expect((await first.answer()).status).to.equal(200)
    first.close()
    await until(
      () => new Promise<number>((resolve) => door.server.getConnections((_error, count) => resolve(count))),
      (count) => count === 0,
    )
    expect((await (await ask('GET /-/health')).answer()).status).to.equal(200)
  })

  it('is no upload while memory is short, and no stranger while the process is slow', async () => {
    const overload = new Overload()
    const { ask, waiting, release } = await held({ overload })
    const code = async (line: string, ...headers: string[]) => {
      const client = await ask(line, ...headers)
      const answer = client.answer().then(({ status, body }) => (status === 200 ? 200 : (JSON.parse(body).code as string)))
      return Promise.race([answer, begun(waiting, 1).then(() => release() && answer)])
    }
    const by = 'Authorization: Bearer one'
    overload.observe({ delay: 1, resident: 71, limit: 100 })
    expect([await code('PUT /a', by, 'Content-Length: 0'), await code('GET /a', by), await code('GET /a')]).to.deep.equal([
      'memory',
      200,
      200,
    ])
    for (let second = 0; second < 4; second++) overload.observe({ delay: 201, resident: 1, limit: 100 })
    expect([await code('PUT /a', by, 'Content-Length: 0'), await code('GET /a')]).to.deep.equal([200, 200])
    overload.observe({ delay: 201, resident: 1, limit: 100 })
    expect([await code('GET /a'), await code('GET /a', by)]).to.deep.equal(['load', 200])
    overload.observe({ delay: 1, resident: 1, limit: 100 })
    expect(await code('GET /a')).to.equal(200)
  })

  it('descriptors: the soft limit less a reserve, shared by connections and what requests open', () => {
    expect(
      softLimit(() => 'Max cpu time unlimited\nMax open files            1024                 524288               files\n'),
    ).to.equal(1_024)
    expect(softLimit(() => 'Max open files unlimited unlimited files\n')).to.equal(16_640)
    expect(softLimit(() => 'nothing')).to.equal(1_024)
    expect(
      softLimit(() => {
        throw new Error('no such file')
      }),
    ).to.equal(1_024)
    expect([256, 1_024, 4_096, 1_000_000].map((limit) => new DescriptorBudget(limit).connections)).to.deep.equal([
      192, 768, 3_840, 16_384,
    ])
    const budget = new DescriptorBudget(1_024)
    expect([budget.holds(700, 34), budget.holds(700, 35)]).to.deep.equal([true, false])
  })

  it('measures the process while it runs', () => {
    const overload = new Overload().start()
    overload.stop()
    expect(overload.refuses({ method: 'PUT', headers: {} } as never)).to.equal(undefined)
  })
})
