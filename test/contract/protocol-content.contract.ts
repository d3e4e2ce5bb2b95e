import { randomBytes } from 'node:crypto'
import { expect } from 'chai'
import { type House, openHouse } from '../support/house.js'
import { as, type ContractCall, type ProtocolContract, send, shelf, stored } from './contract-words.js'

/** What may stand in a client's address, encoded as it goes onto the wire. */
const hostile = [
  '..%2f..%2fetc',
  '%00',
  '%2e%2e',
  '%ff%fe',
  'a%0d%0ab',
  '%e2%80%ae',
  'con.txt',
  'a'.repeat(200),
  'a'.repeat(300),
  '__proto__',
  'constructor',
  '%27%20or%20%271',
  '%c3%28',
]

/** Bytes that were published: HEAD, ranges, conditions, races, a second process, removal, names of all kinds. */
export function contentContract(house: () => House, contract: ProtocolContract, content: Uint8Array): void {
  const { fetch } = contract
  const read = (headers: Readonly<Record<string, string>> = {}, method = fetch.method) =>
    house().call(
      method,
      `/acme/${shelf}${fetch.path}`,
      as('dora', { ...fetch, method, headers: { ...fetch.headers, ...headers } }),
    )
  const publish = (of: Uint8Array) => send(house(), contract.publish(of))

  it('answers HEAD like GET, one range with its bytes, and 304 to whoever has them', async () => {
    expect(await publish(content)).to.be.within(200, 299)
    const whole = await read()
    const head = await read({}, 'HEAD')
    expect([head.status, head.body.length, head.headers['content-length']]).to.deep.equal([200, 0, String(content.length)])
    expect(head.headers['etag']).to.equal(whole.headers['etag'])
    const part = await read({ range: 'bytes=1-3' })
    expect(part.status).to.equal(206)
    expect(part.body.equals(Buffer.from(content).subarray(1, 4))).to.equal(true)
    expect(whole.headers['etag'], 'an entity tag').to.be.a('string')
    expect((await read({ 'if-none-match': whole.headers['etag'] ?? '' })).status).to.equal(304)
  })

  it('counts a GET as a download of its package, and nothing else', async () => {
    await publish(content)
    await read({}, 'HEAD')
    await read()
    const { downloads } = house().kernel
    await downloads.flush()
    const days: string[] = []
    for await (const { entry } of house().parts.metadata.scan()) {
      const [, kind] = entry.key.partition.split('\0')
      if (kind === 'u' && entry.key.path[0] === 'package') days.push(String((entry.value as { n: number }).n))
    }
    // A format that counts nothing says so by leaving `download` out.
    expect(days.join()).to.be.oneOf(['', '1'])
  })

  it('lets one of two win that publish under the same coordinates at once, and serves its bytes', async () => {
    const rival = contract.rival ?? (contract.content === undefined ? randomBytes(content.length) : undefined)
    if (rival === undefined) throw new Error('give other content for the same coordinates in `rival`')
    const contents = [content, rival]
    const statuses = await Promise.all(contents.map((one) => publish(one)))
    const won = contents.filter((_, at) => (statuses[at] ?? 0) < 300)
    expect(won.length, `both were refused: ${statuses.join(', ')}`).to.be.greaterThan(0)
    for (const status of statuses) expect(status).to.be.oneOf([200, 201, 204, 202, 400, 403, 409, 412])
    const served = await read()
    expect(served.status).to.equal(200)
    expect(
      won.some((one) => served.body.equals(one)),
      'what is served was acknowledged to nobody',
    ).to.equal(true)
    expect((await read()).body.equals(served.body), 'two reads differ').to.equal(true)
  })

  it('has everything in a process that was started afterwards', async () => {
    expect(await publish(content)).to.be.within(200, 299)
    const plugins = house().kernel.plugins()
    const other = await openHouse({ plugins, beside: house() })
    try {
      const answer = await other.call(fetch.method, `/acme/${shelf}${fetch.path}`, as('dora', fetch))
      expect(answer.status, 'was it in memory alone?').to.equal(200)
      expect(answer.body.equals(content), 'the bytes differ').to.equal(true)
    } finally {
      await other.close()
    }
  })

  it('acknowledges nothing that a crash would take away', async () => {
    let acknowledged = false
    const failing = await openHouse({
      plugins: house().kernel.plugins(),
      beside: house(),
      parts: async () => ({ metadata: withoutCommits(house()) }),
    })
    try {
      const call = contract.publish(content)
      acknowledged = (await failing.call(call.method, `/acme/${shelf}${call.path}`, as('dora', call))).status < 300
    } finally {
      await failing.close()
    }
    expect(acknowledged, 'a success was said although nothing could be committed').to.equal(false)
  })

  it('never fails by a name, whatever stands in the address', async () => {
    const before = await stored(house())
    for (const name of hostile)
      for (const path of [fetch.path.replace(/[^/]+$/, name), fetch.path.replace(/^\/[^/]+/, `/${name}`), `/${name}`]) {
        const got = await house().call('GET', `/acme/${shelf}${path}`, { as: 'dora' })
        expect(got.status, `GET ${path}`).to.be.below(500)
      }
    expect(await stored(house())).to.deep.equal(before)
  })

  if (contract.malformed)
    it('refuses what its parser cannot read, and leaves nothing of it', async () => {
      const before = await stored(house())
      for (const [at, call] of (contract.malformed ?? []).entries())
        expect(await send(house(), call), `malformed ${at}`).to.be.within(400, 499)
      expect(await stored(house())).to.deep.equal(before)
    })

  const { remove } = contract
  if (remove)
    it('removes for whoever may, and for nobody else', async () => {
      await publish(content)
      const removal = (who: 'dora' | 'olga', call: ContractCall) =>
        house().call(call.method, `/acme/${shelf}${call.path}`, as(who, call))
      expect((await removal('dora', remove)).status, 'a developer removed it').to.equal(403)
      expect((await read()).status).to.equal(200)
      expect((await removal('olga', remove)).status).to.be.within(200, 299)
      expect((await read()).status, 'it is still served').to.be.within(400, 499)
    })
}

/** The store of the house, except that no commit with an artifact in it ever succeeds. */
function withoutCommits(house: House): House['parts']['metadata'] {
  return new Proxy(house.parts.metadata, {
    get(target, name) {
      if (name === 'close') return async () => {}
      if (name === 'commit')
        return async (mutations: Parameters<typeof target.commit>[0], token: string) => {
          const names = mutations.some(({ key }) => ['f', 'v', 'p'].includes(key.partition.split('\0')[1] ?? ''))
          if (names) throw new Error('the store is gone')
          return target.commit(mutations, token)
        }
      const value: unknown = Reflect.get(target, name, target)
      return typeof value === 'function' ? value.bind(target) : value
    },
  })
}
