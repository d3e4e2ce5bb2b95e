import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect } from 'chai'
import { Server } from '../../clients/server.js'
import { publishBody } from '../../support/npm-package.js'
import { childrenOf, PinnedClient } from '../../support/worker-processes.js'

/** What one process did counts in the other with the next request: nothing that decides lives in one process's memory. */
describe('two workers on one store', function () {
  this.timeout(120_000)
  let server: Server
  let owner: string
  let operator: string
  let clients: readonly PinnedClient[]
  let one: PinnedClient
  let two: PinnedClient
  before(async () => {
    server = await Server.start({ CLOUDREPO_WORKERS: '2' })
    const { token } = await server.target('raw')
    owner = `Bearer ${token}`
    operator = `Bearer ${(await readFile(join(server.data, 'operator-token'), 'utf8')).trim()}`
    clients = await PinnedClient.ofEach(server.url, childrenOf(server.pid))
    one = clients[0] as PinnedClient
    two = clients[1] as PinnedClient
  })
  after(async () => {
    for (const client of clients) client.close()
    await server.stop()
  })

  const cli = async (...words: readonly string[]) => {
    const ran = await server.cli(...words)
    expect(ran.status, `${words.join(' ')}: ${ran.output}`).to.equal(0)
    return ran.stdout.trim()
  }
  const memberNamed = async (name: string, ...options: readonly string[]) => {
    const ran = await server.cliReading('correct horse battery', 'member', 'create', 'main', name, '--password-stdin', ...options)
    expect(ran.status, ran.output).to.equal(0)
  }
  const statuses = async (path: string, authorization?: string) => {
    const answers = await Promise.all(clients.map((client) => client.send('GET', path, authorization ? { authorization } : {})))
    return answers.map(({ status }) => status)
  }

  it('have one process each, and one address', () => {
    expect(childrenOf(server.pid)).to.have.length(2)
    expect(server.url).to.match(/^http:\/\/127\.0\.0\.1:[1-9]\d*$/)
  })

  it('read each what the other has just been told was stored, replaced or removed', async () => {
    for (let round = 0; round < 50; round++) {
      const [writer, reader] = round % 2 === 0 ? [one, two] : [two, one]
      const put = await writer.send('PUT', '/main/raw/seen.txt', { authorization: owner, body: `round ${round}` })
      expect(put.status).to.equal(round === 0 ? 201 : 204)
      expect((await reader.send('GET', '/main/raw/seen.txt', { authorization: owner })).text).to.equal(`round ${round}`)
    }
    expect((await one.send('DELETE', '/main/raw/seen.txt', { authorization: owner })).status).to.equal(204)
    expect((await two.send('GET', '/main/raw/seen.txt', { authorization: owner })).status).to.equal(404)
  })

  it('render from the same rows: a version that one published is in the packument of the other', async () => {
    for (let round = 0; round < 10; round++) {
      const [writer, reader] = round % 2 === 0 ? [one, two] : [two, one]
      const body = JSON.stringify(await publishBody({ name: 'seen', version: `1.0.${round}` }))
      const headers = { 'content-type': 'application/json' }
      const put = await writer.send('PUT', '/main/npm/seen', { authorization: owner, headers, body })
      expect(put.status, put.text).to.equal(201)
      const document = JSON.parse((await reader.send('GET', '/main/npm/seen', { authorization: owner })).text)
      expect(Object.keys(document.versions)).to.have.length(round + 1)
      expect(document['dist-tags'].latest).to.equal(`1.0.${round}`)
    }
  })

  it('refuse a token with the next request after either was told to revoke it', async () => {
    await one.send('PUT', '/main/raw/kept.txt', { authorization: owner, body: 'kept' })
    const token = await cli('token', 'create', 'main', 'admin', '--name', 'short', '--scope', 'read')
    expect(await statuses('/main/raw/kept.txt', `Bearer ${token}`)).to.deep.equal([200, 200])
    const tokens = JSON.parse(await cli('token', 'list', 'main', '--json')) as { id: string; name: string }[]
    await cli('token', 'revoke', 'main', tokens.find(({ name }) => name === 'short')?.id ?? '')
    expect(await statuses('/main/raw/kept.txt', `Bearer ${token}`)).to.deep.equal([401, 401])
  })

  it('refuse what a grant no longer gives', async () => {
    await memberNamed('gus', '--role', 'none')
    await cli('grant', 'set', 'main', 'member:gus', 'raw', 'read')
    const gus = `Basic ${Buffer.from('gus:correct horse battery').toString('base64')}`
    expect(await statuses('/main/raw/kept.txt', gus)).to.deep.equal([200, 200])
    await cli('grant', 'remove', 'main', 'member:gus', 'raw')
    expect(await statuses('/main/raw/kept.txt', gus)).to.deep.equal([404, 404])
  })

  it('refuse a member who was deactivated, whose password each has verified', async () => {
    await memberNamed('rita', '--role', 'reader')
    const rita = `Basic ${Buffer.from('rita:correct horse battery').toString('base64')}`
    expect(await statuses('/main/raw/kept.txt', rita)).to.deep.equal([200, 200])
    await cli('member', 'deactivate', 'main', 'rita')
    expect(await statuses('/main/raw/kept.txt', rita)).to.deep.equal([401, 401])
  })

  it('close a repository to strangers that was public', async () => {
    await cli('repository', 'create', 'main', 'open', '--format', 'raw', '--public')
    await one.send('PUT', '/main/open/a.txt', { authorization: owner, body: 'open' })
    expect(await statuses('/main/open/a.txt')).to.deep.equal([200, 200])
    const patch = await two.send('PATCH', '/main/-/api/v1/repositories/open', {
      authorization: operator,
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ public: false }),
    })
    expect(patch.status, patch.text).to.equal(200)
    expect(await statuses('/main/open/a.txt')).to.deep.equal([401, 401])
  })

  it('count the failed guesses of one source together', async () => {
    const guess = (client: PinnedClient, number: number) =>
      client.send('GET', '/main/raw/kept.txt', {
        authorization: `Basic ${Buffer.from(`nobody:wrong ${number}`).toString('base64')}`,
      })
    const answers: number[] = []
    for (let number = 0; number < 12; number++) answers.push((await guess(number % 2 === 0 ? one : two, number)).status)
    expect(answers.slice(0, 10)).to.deep.equal(Array(10).fill(401))
    expect(answers.slice(10)).to.deep.equal([429, 429])
  })

  it('let one of two publishes of a version win, whatever the processes', async () => {
    const winners: number[] = []
    for (let round = 0; round < 20; round++) {
      const version = `2.0.${round}`
      const sent = clients.map(async (client, at) =>
        client.send('PUT', '/main/npm/raced', {
          authorization: owner,
          headers: { 'content-type': 'application/json' },
          body: JSON.stringify(await publishBody({ name: 'raced', version, by: at })),
        }),
      )
      const results = (await Promise.all(sent)).map(({ status }) => status)
      expect([...results].sort(), String(results)).to.deep.equal([201, 403])
      const winner = results.indexOf(201)
      winners.push(winner)
      const document = JSON.parse((await one.send('GET', '/main/npm/raced', { authorization: owner })).text)
      expect(document.versions[version].by).to.equal(winner)
    }
    expect(winners).to.have.length(20)
  })

  it('lose none of many versions of one package that are published at once over both', async () => {
    const versions = Array.from({ length: 24 }, (_, number) => `3.0.${number}`)
    const extra = await Promise.all(Array.from({ length: 6 }, () => PinnedClient.ofEach(server.url, childrenOf(server.pid))))
    const all = extra.flat()
    try {
      const results = await Promise.all(
        versions.map(async (version, at) =>
          (all[at % all.length] as PinnedClient).send('PUT', '/main/npm/many', {
            authorization: owner,
            headers: { 'content-type': 'application/json' },
            body: JSON.stringify(await publishBody({ name: 'many', version })),
          }),
        ),
      )
      expect(results.map(({ status, text }) => (status === 201 ? 201 : text))).to.deep.equal(versions.map(() => 201))
      const seen = await Promise.all(clients.map((client) => client.send('GET', '/main/npm/many', { authorization: owner })))
      for (const { text } of seen) expect(Object.keys(JSON.parse(text).versions).sort()).to.deep.equal([...versions].sort())
    } finally {
      for (const client of all) client.close()
    }
  })

  it('create a file once where both were told to create it', async () => {
    for (let round = 0; round < 20; round++) {
      const put = (client: PinnedClient, body: string) =>
        client.send('PUT', `/main/raw/once/${round}`, { authorization: owner, headers: { 'if-none-match': '*' }, body })
      const results = await Promise.all([put(one, 'first'), put(two, 'second')])
      const codes = results.map(({ status }) => status)
      expect([...codes].sort()).to.deep.equal([201, 412])
      const text = (await two.send('GET', `/main/raw/once/${round}`, { authorization: owner })).text
      expect(text).to.equal(codes[0] === 201 ? 'first' : 'second')
    }
  })

  it('say in each line of the log who wrote it', async () => {
    const status = await server.halt()
    expect(status).to.equal(0)
    const lines = server.log
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as { event: string; worker?: number })
    const requests = lines.filter(({ event }) => event === 'request')
    expect(new Set(requests.map(({ worker }) => worker))).to.deep.equal(new Set([1, 2]))
  })
})
