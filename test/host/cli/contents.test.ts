import { expect } from 'chai'
import { Server } from '../../clients/server.js'
import { call } from '../../support/client.js'

type Row = Readonly<Record<string, unknown>>

describe('What lies in repositories, by the command line', function () {
  this.timeout(60_000)
  let server: Server
  before(async () => {
    server = await Server.start()
    const { token } = await server.target('raw')
    for (const path of ['docs/notes.txt', 'docs/deep/more.txt', 'top.txt']) {
      const answer = await call(server.url, {
        method: 'PUT',
        target: `/main/raw/${path}`,
        headers: { authorization: `Bearer ${token}` },
        body: path,
      })
      expect(answer.status).to.equal(201)
    }
  })
  after(() => server.stop())

  const cli = async (...words: readonly string[]): Promise<string> => {
    const { status, stdout, stderr } = await server.cli(...words)
    expect([status, stderr], words.join(' ')).to.deep.equal([0, ''])
    return stdout
  }
  const json = async <T = readonly Row[]>(...words: readonly string[]) => JSON.parse(await cli(...words, '--json')) as T

  it('is searched, as a table or as the server says it', async () => {
    expect((await json('search', 'main', 'docs')).map(({ name }) => name)).to.deep.equal(['docs/deep/more.txt', 'docs/notes.txt'])
    expect((await json('search', 'main', 'docs', 'notes', '--kind', 'file', '--repository', 'raw')).length).to.equal(1)
    expect(await cli('search', 'main', 'notes')).to.match(/│ file +│ raw +│ docs\/notes\.txt +│/)
    expect(await cli('search', 'main', 'license:mit')).to.equal('nothing\n')
    const refused = await server.cli('search', 'main', 'md5:abc')
    expect([refused.status, refused.stdout, refused.stderr]).to.deep.equal([1, '', 'Not a md5 in hexadecimal\n'])
    expect((await server.cli('search', 'main')).status).to.equal(2)
  })

  it('is browsed, file by file', async () => {
    expect((await json('artifact', 'list', 'main', 'raw')).map(({ path }) => path)).to.deep.equal(['docs', 'top.txt'])
    expect((await json('artifact', 'list', 'main', 'raw', '/docs/')).map(({ path }) => path)).to.deep.equal([
      'docs/deep',
      'docs/notes.txt',
    ])
    const file = await json<Row>('artifact', 'show', 'main', 'raw', 'docs/notes.txt')
    expect([file['size'], file['url']]).to.deep.equal([14, `${server.url}/main/raw/docs/notes.txt`])
    expect(await cli('artifact', 'show', 'main', 'raw', 'docs/notes.txt')).to.contain(String((file['digests'] as Row)['sha256']))
    const refused = await server.cli('artifact', 'show', 'main', 'raw', 'nope')
    expect([refused.status, refused.stderr]).to.deep.equal([1, 'file not found: nope\n'])
    expect(await json('package', 'list', 'main', 'npm')).to.deep.equal([])
    const folder = await json<Row>('package', 'show', 'main', 'raw', 'docs/deep')
    expect(folder).to.include({ name: 'docs/deep', status: 'active', versionCount: 1 })
    expect((folder['versions'] as Row[]).map(({ version, status }) => [version, status])).to.deep.equal([['more.txt', 'active']])
    expect(await cli('package', 'show', 'main', 'raw', 'docs/deep')).to.match(
      /│ status +│ active +│[\s\S]*│ version +│ publishedAt[\s\S]*│ more\.txt +│ \S+Z │ active │/,
    )
    expect((await server.cli('package', 'show', 'main', 'npm', '@acme/ui')).stderr).to.equal('package not found: @acme/ui\n')
  })

  it('comes with the lines that clients want', async () => {
    for (const format of ['npm', 'maven']) {
      const blocks = await json('repository', 'settings', 'main', format)
      expect(blocks.map(({ text }) => text).join('\n')).to.contain(`${server.url}/main/${format}/`)
      // As they are to be pasted, line for line.
      expect(await cli('repository', 'settings', 'main', format)).to.equal(
        `${blocks.map(({ client, text }) => `── ${client}\n${String(text).trimEnd()}\n`).join('\n')}\n`,
      )
    }
  })
})
