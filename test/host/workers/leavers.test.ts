import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect } from 'chai'
import { Server } from '../../clients/server.js'
import { childrenOf, PinnedClient } from '../../support/worker-processes.js'

const password = 'correct horse battery'
const tus = { 'tus-resumable': '1.0.0' }

/** Two processes have verified the same member; one of them is told that it left. */
describe('a member who leaves, on two processes', function () {
  this.timeout(120_000)
  let server: Server
  let operator: string
  let clients: readonly PinnedClient[]
  before(async () => {
    server = await Server.start({ CLOUDREPO_WORKERS: '2' })
    operator = `Bearer ${(await readFile(join(server.data, 'operator-token'), 'utf8')).trim()}`
    clients = await PinnedClient.ofEach(server.url, childrenOf(server.pid))
  })
  after(async () => {
    for (const client of clients) client.close()
    await server.stop()
  })
  const client = (at: number) => clients[at] as PinnedClient
  const cli = async (...words: readonly string[]) => {
    const ran = await server.cli(...words)
    expect(ran.status, `${words.join(' ')}: ${ran.output}`).to.equal(0)
    return ran.stdout.trim()
  }

  for (const how of ['deactivated', 'deleted'] as const)
    it(`${how}: token, cached password and a running upload end with the next request on both, as the leaver's row says`, async () => {
      const name = `ada-${how}`
      const made = await server.cliReading(password, 'member', 'create', 'main', name, '--role', 'developer', '--password-stdin')
      expect(made.status, made.output).to.equal(0)
      const token = `Bearer ${await cli('token', 'create', 'main', name, '--name', 'ci', '--scope', 'write')}`
      const basic = `Basic ${Buffer.from(`${name}:${password}`).toString('base64')}`
      await client(0).send('PUT', '/main/raw/kept.txt', { authorization: token, body: 'kept' })
      for (const authorization of [token, basic])
        for (const one of clients) expect((await one.send('GET', '/main/raw/kept.txt', { authorization })).status).to.equal(200)
      const begun = await client(1).send('POST', '/main/raw/-/tus/', {
        authorization: token,
        headers: { ...tus, 'upload-length': '4', 'upload-metadata': `path ${Buffer.from(`late-${how}`).toString('base64')}` },
      })
      expect(begun.status, begun.text).to.equal(201)
      const upload = new URL(String(begun.headers['location']), server.url).pathname
      const change = {
        authorization: operator,
        headers: { 'content-type': 'application/json' },
        ...(how === 'deleted' ? {} : { body: JSON.stringify({ status: 'inactive' }) }),
      }
      const path = `/main/-/api/v1/members/${name}`
      const asked = performance.now()
      const left = await client(0).send(how === 'deleted' ? 'DELETE' : 'PATCH', path, change)
      expect(left.status, left.text).to.equal(how === 'deleted' ? 204 : 200)
      const answered = performance.now()
      const refused: number[] = []
      for (const authorization of [token, basic])
        for (const one of [client(1), client(0)])
          refused.push((await one.send('GET', '/main/raw/kept.txt', { authorization })).status)
      const all = performance.now()
      expect(refused).to.deep.equal([401, 401, 401, 401])
      const patch = { ...tus, 'upload-offset': '0', 'content-type': 'application/offset+octet-stream' }
      const rest = await client(1).send('PATCH', upload, { authorization: token, headers: patch, body: 'late' })
      expect(rest.status).to.equal(401)
      expect((await client(1).send('GET', `/main/raw/late-${how}`, { authorization: operator })).status).to.equal(401)
      const rows = JSON.parse(await cli('report', 'leavers', 'main', '--json')) as Record<string, unknown>[]
      expect(rows[0]).to.deep.include({
        how,
        kind: 'member',
        name: how === 'deleted' ? null : name,
        counts: { tokens: 1, sessions: 0, resets: 0, uploads: 1, groups: 0, grants: 0 },
      })
      expect(rows[0]?.['by']).to.include({ kind: 'operator' })
      expect(rows[0]?.['effectiveMs']).to.be.within(0, answered - asked)
      const told = `${how}: effective ${rows[0]?.['effectiveMs']} ms, cleared ${rows[0]?.['clearedMs']} ms, answered ${(answered - asked).toFixed(1)} ms`
      process.stdout.write(`    ${told}; four refusals on two processes ${(all - answered).toFixed(1)} ms later\n`)
    })

  it('with an upload on its way in the other process: its bytes arrive, and nothing is written', async () => {
    const made = await server.cliReading(password, 'member', 'create', 'main', 'bea', '--role', 'developer', '--password-stdin')
    expect(made.status, made.output).to.equal(0)
    const token = `Bearer ${await cli('token', 'create', 'main', 'bea', '--name', 'ci', '--scope', 'write')}`
    let go: () => void = () => {}
    const told = new Promise<void>((resolve) => {
      go = resolve
    })
    let begin: () => void = () => {}
    const begun = new Promise<void>((resolve) => {
      begin = resolve
    })
    async function* body() {
      yield Buffer.alloc(300_000, 1)
      begin()
      await told
      yield Buffer.alloc(300_000, 2)
    }
    const answer = fetch(`${server.url}/main/raw/late.bin`, {
      method: 'PUT',
      headers: { authorization: token },
      body: body(),
      duplex: 'half',
    } as RequestInit)
    await begun
    await cli('member', 'deactivate', 'main', 'bea')
    go()
    expect((await answer).status).to.equal(401)
    const owner = `Bearer ${(await server.target('raw')).token}`
    expect((await client(0).send('GET', '/main/raw/late.bin', { authorization: owner })).status).to.equal(404)
  })
})
