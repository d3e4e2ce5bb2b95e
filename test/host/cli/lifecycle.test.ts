import { expect } from 'chai'
import { Server } from '../../clients/server.js'
import { call } from '../../support/client.js'
import { publishBody } from '../../support/npm-package.js'

type Row = Readonly<Record<string, unknown>>

describe('What happens after a publication, by the command line', function () {
  this.timeout(120_000)
  let server: Server
  let token = ''

  before(async () => {
    server = await Server.start({ CLOUDREPO_SAMPLE: 'off' })
    await cli('organization', 'create', 'acme')
    for (const name of ['staging', 'stable']) await cli('repository', 'create', 'acme', name, '--format', 'npm')
    await cli('member', 'create', 'acme', 'dora', '--role', 'developer')
    token = (await cli('token', 'create', 'acme', 'dora', '--name', 'ci', '--scope', 'write')).trim()
    for (const version of ['1.0.0', '1.1.0']) expect((await publish('staging', version)).status).to.equal(201)
  })
  after(() => server.stop())

  const cli = async (...words: readonly string[]): Promise<string> => {
    const { status, stdout, stderr } = await server.cli(...words)
    expect([status, stderr], words.join(' ')).to.deep.equal([0, ''])
    return stdout
  }
  const json = async <T = Row>(...words: readonly string[]): Promise<T> => JSON.parse(await cli(...words, '--json')) as T
  const refused = async (reason: string, ...words: readonly string[]) => {
    const { status, stdout, stderr } = await server.cli(...words)
    expect([status, stdout, stderr], words.join(' ')).to.deep.equal([1, '', `${reason}\n`])
  }
  const send = (method: string, target: string, body?: string) =>
    call(server.url, {
      method,
      target,
      headers: { authorization: `Bearer ${token}`, ...(body === undefined ? {} : { 'content-type': 'application/json' }) },
      ...(body === undefined ? {} : { body }),
    })
  const publish = async (repository: string, version: string) =>
    send('PUT', `/acme/${repository}/@acme%2fui`, JSON.stringify(await publishBody({ name: '@acme/ui', version })))
  const versions = async (repository: string) => {
    const answer = await send('GET', `/acme/${repository}/@acme%2fui`)
    return answer.status === 200 ? Object.keys((answer.json() as { versions: object }).versions) : []
  }

  it('promotes a version, by the operator and by a token that may write', async () => {
    expect(await json('package', 'promote', 'acme', 'staging', '@acme/ui', '1.0.0', '--to', 'stable')).to.deep.equal({
      repository: 'stable',
      package: '@acme/ui',
      version: '1.0.0',
      files: 1,
    })
    const table = await cli(
      'package',
      'promote',
      'acme',
      'staging',
      '@acme/ui',
      '1.1.0',
      '--to',
      'stable',
      '--tag',
      'next',
      '--token',
      token,
    )
    expect(table).to.match(/│ version +│ 1\.1\.0 +│/)
    expect(await versions('stable')).to.deep.equal(['1.0.0', '1.1.0'])
    expect((await send('GET', '/acme/stable/-/package/@acme%2fui/dist-tags')).json()).to.deep.equal({
      latest: '1.0.0',
      next: '1.1.0',
    })
    await refused(
      'version not found: @acme/ui@9.0.0',
      'package',
      'promote',
      'acme',
      'staging',
      '@acme/ui',
      '9.0.0',
      '--to',
      'stable',
    )
  })

  it('deletes a version and brings it back', async () => {
    await cli('package', 'delete', 'acme', 'stable', '@acme/ui', '1.0.0', '--reason', 'wrong build')
    expect(await versions('stable')).to.deep.equal(['1.1.0'])
    const [one] = await json<Row[]>('deleted', 'list', 'acme', 'stable')
    expect(one).to.deep.include({ package: '@acme/ui', version: '1.0.0', reason: 'wrong build' })
    expect(await cli('deleted', 'list', 'acme', 'stable')).to.contain('wrong build')
    await cli('deleted', 'restore', 'acme', 'stable', String(one?.['id']))
    expect(await versions('stable')).to.deep.equal(['1.0.0', '1.1.0'])
    await refused(`deletion not found: ${one?.['id']}`, 'deleted', 'restore', 'acme', 'stable', String(one?.['id']))
  })

  it('sets what goes by itself, and shows beforehand what would', async () => {
    const set = await json('cleanup', 'set', 'acme', 'staging', '--keep-versions', '1', '--exclude', 'left-*', '--delay', '7')
    expect(set['rules']).to.deep.equal({ keepVersions: 1, exclude: ['left-*'], delayDays: 7 })
    const items = await json<Row[]>('cleanup', 'preview', 'acme', 'staging')
    expect(items.map(({ version, reason }) => [version, reason])).to.deep.equal([['1.0.0', 'a newer version']])
    expect(await cli('cleanup', 'preview', 'acme', 'staging', '--older-than', '3')).to.equal('nothing\n')
    expect(await cli('cleanup', 'show', 'acme', 'staging')).to.contain('keepVersions')
    await cli('cleanup', 'off', 'acme', 'staging')
    await refused('cleanup rules not found: staging', 'cleanup', 'show', 'acme', 'staging')
  })

  it('deletes a repository and brings it back, under its old name or another one, or gives it up', async () => {
    const gone = async () =>
      (await json<Row[]>('repository', 'deleted', 'acme')).map(({ repository }) => (repository as Row)['name'])
    await cli('repository', 'create', 'acme', 'spare', '--format', 'raw')
    await cli('repository', 'delete', 'acme', 'spare', '--reason', 'by mistake')
    expect(await gone()).to.deep.equal(['spare'])
    const table = await cli('repository', 'deleted', 'acme')
    for (const word of ['spare', 'raw', 'by mistake', 'purgeAfter']) expect(table).to.contain(word)
    expect((await json('repository', 'restore', 'acme', 'spare'))['name']).to.equal('spare')
    await cli('repository', 'delete', 'acme', 'spare')
    await cli('repository', 'create', 'acme', 'spare', '--format', 'npm')
    await refused('A repository of this name exists already', 'repository', 'restore', 'acme', 'spare')
    expect((await json('repository', 'restore', 'acme', 'spare', '--name', 'old-spare'))['name']).to.equal('old-spare')
    await cli('repository', 'delete', 'acme', 'old-spare')
    expect(await cli('repository', 'purge', 'acme', 'old-spare')).to.equal('old-spare cannot be brought back any more\n')
    await refused('deleted repository not found: old-spare', 'repository', 'restore', 'acme', 'old-spare')
    expect(await gone()).to.deep.equal([])
  })

  it('says how long an organization can undo its deletes', async () => {
    expect((await json('organization', 'update', 'acme', '--undo-days', '30'))['undoDays']).to.equal(30)
    expect((await json('organization', 'update', 'acme', '--no-undo-days'))['undoDays']).to.equal(null)
    const { status, stderr } = await server.cli('organization', 'update', 'acme', '--undo-days', '91')
    expect([status, stderr.includes('0 to 90 days are expected.')]).to.deep.equal([2, true])
  })

  it('indexes a repository anew while others read it, and says what was wrong', async () => {
    const right = { namesWritten: 0, namesRemoved: 0, foldersAdded: 0, marksCleared: 0 }
    for (const more of [[], ['--dry-run']]) {
      const { askedAt, begunAt, endedAt, expectedFiles, files, packages, ...rest } = await json(
        'reindex',
        'acme',
        'stable',
        ...more,
      )
      expect(rest).to.deep.equal({ state: 'done', dryRun: more.length > 0, changes: right, failed: 0, error: null })
      expect(expectedFiles).to.equal(files)
      expect(packages).to.equal(1)
      expect([askedAt, begunAt, endedAt].map((at) => new Date(at as string).toISOString())).to.deep.equal([
        askedAt,
        begunAt,
        endedAt,
      ])
    }
    expect(await cli('reindex', 'acme', 'stable')).to.match(/state\s+│ done/)
    await refused('repository not found: none', 'reindex', 'acme', 'none')
  })

  it('takes no writes while it is told so, and says why', async () => {
    await cli('organization', 'read-only', 'acme', '--reason', 'moving house')
    const answer = await publish('staging', '2.0.0')
    expect([answer.status, answer.json()]).to.deep.equal([503, { error: 'This organization is read-only: moving house' }])
    await cli('organization', 'read-only', 'acme', 'off')
    await cli('instance', 'read-only', '--reason', 'backup')
    await refused('This server is read-only: backup', 'repository', 'create', 'acme', 'more', '--format', 'npm')
    expect(await versions('staging')).to.deep.equal(['1.0.0', '1.1.0'])
    await cli('instance', 'read-only', 'off')
    expect((await publish('staging', '2.0.0')).status).to.equal(201)
    expect((await server.cli('instance', 'read-only')).status).to.equal(2)
  })

  it('lets nothing that a publisher wrote speak to the terminal', async () => {
    const manifest = { name: 'loud', version: '1.0.0', description: 'hi \u001b]0;mine\u0007\u001b[2J\u202e' }
    expect((await send('PUT', '/acme/staging/loud', JSON.stringify(await publishBody(manifest)))).status).to.equal(201)
    const shown = 'hi \\u001b]0;mine\\u0007\\u001b[2J\\u202e'
    expect(await cli('search', 'acme', 'name:loud', '--kind', 'package')).to.contain(`│ ${shown} │`)
    expect(await cli('package', 'show', 'acme', 'staging', 'loud')).to.contain(`│ ${shown} │`)
    expect((await json('package', 'show', 'acme', 'staging', 'loud'))['description']).to.equal(manifest.description)
    const refused = await server.cli('package', 'show', 'acme', 'staging', 'no\u001b[2Jsuch')
    expect([refused.status, refused.stderr.includes('\u001b')]).to.deep.equal([1, false])
  })

  it('renames a repository and an organization', async () => {
    expect((await json('repository', 'rename', 'acme', 'stable', 'production'))['name']).to.equal('production')
    expect([await versions('stable'), await versions('production')]).to.deep.equal([[], ['1.0.0', '1.1.0']])
    await refused('A repository of this name exists already', 'repository', 'rename', 'acme', 'production', 'staging')
    await cli('organization', 'rename', 'acme', 'zenith')
    expect((await send('GET', '/zenith/production/@acme%2fui')).status).to.equal(200)
    expect((await send('GET', '/acme/production/@acme%2fui')).status).to.equal(401)
    await refused('organization not found: acme', 'organization', 'show', 'acme')
  })
})
