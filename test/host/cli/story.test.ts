import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect } from 'chai'
import { Server } from '../../clients/server.js'
import { call } from '../../support/client.js'
import type { Answer } from '../../support/house.js'
import { publishBody } from '../../support/npm-package.js'
import { multipart, uploadParts } from '../../support/upload-form.js'
import { buildWheel } from '../../support/wheel-builder.js'

type Row = Readonly<Record<string, unknown>>
const password = 'seven-brown-foxes'
const wheel = buildWheel({ name: 'acme-greeting', version: '1.0' })
const pom = `<project><modelVersion>4.0.0</modelVersion><groupId>com.acme</groupId><artifactId>app</artifactId>
<version>1.0</version><packaging>pom</packaging></project>`

describe('An organization, from its first word to its last, by the command line', function () {
  this.timeout(120_000)
  let server: Server
  /** Texts that must lie nowhere in the data folder. */
  const secrets: string[] = [password]
  const tokens = new Map<string, string>()

  before(async () => {
    server = await Server.start({ CLOUDREPO_SAMPLE: 'off' })
  })
  after(() => server.stop())

  const cli = async (line: string, input = ''): Promise<string> => {
    const { status, stdout, stderr } = await server.cliReading(input, ...line.split(' '))
    expect([status, stderr], line).to.deep.equal([0, ''])
    return stdout
  }
  const json = async <T = Row>(line: string): Promise<T> => JSON.parse(await cli(`${line} --json`)) as T
  const refused = async (line: string, reason: string) => {
    const { status, stdout, stderr } = await server.cli(...line.split(' '))
    expect([status, stdout, stderr], line).to.deep.equal([1, '', `${reason}\n`])
  }
  const issue = async (name: string, line: string) => {
    const printed = await cli(line)
    expect(printed).to.match(/^crt_[usx]_[0-9A-Za-z]{46}\n$/)
    tokens.set(name, printed.trim())
    secrets.push(printed.trim())
  }
  const as = (who: string, method: string, target: string, body?: string | Uint8Array, headers: Record<string, string> = {}) => {
    const authorization: Record<string, string> = who === 'nobody' ? {} : { authorization: `Bearer ${tokens.get(who)}` }
    return call(server.url, {
      method,
      target,
      headers: { ...authorization, ...headers },
      ...(body === undefined ? {} : { body }),
    })
  }
  const statuses = async (...answers: readonly Promise<Answer>[]) => (await Promise.all(answers)).map(({ status }) => status)

  it('begins empty', async () => {
    expect(await json<Row[]>('organization list')).to.deep.equal([])
    expect(await cli('organization list')).to.equal('nothing\n')
  })

  it('makes the organization, a member, a service account and a group, each said as a table or as JSON', async () => {
    const table = await cli('organization create acme')
    expect(table).to.match(/│ name +│ acme +│/)
    const acme = await json('organization show acme')
    expect([acme['name'], acme['status'], acme['publicAllowed']]).to.deep.equal(['acme', 'active', true])
    await refused('organization create acme', 'An organization of this name exists already')

    await cli('member create acme alice --email a@acme.example --role developer --password-stdin', `${password}\n`)
    const bob = await json('member create acme bob')
    expect([bob['name'], bob['kind'], bob['role'], bob['status']]).to.deep.equal(['bob', 'member', null, 'active'])
    expect((await json('member create acme ci --service --role none'))['kind']).to.equal('service')
    await refused('member create acme ALICE', 'This name belongs to a member already')
    const weak = await server.cliReading('short', 'member', 'create', 'acme', 'carl', '--password-stdin')
    expect([weak.status, weak.stdout, weak.stderr]).to.deep.equal([1, '', 'A password has at least 8 characters\n'])

    await cli('group create acme builders')
    expect((await json('group add-member acme builders bob'))['memberCount']).to.equal(1)
    expect((await json<Row[]>('group members acme builders')).map(({ name }) => name)).to.deep.equal(['bob'])
    const members = await json<Row[]>('member list acme')
    expect(members.map(({ name, role }) => [name, role])).to.deep.equal([
      ['alice', 'developer'],
      ['bob', null],
      ['ci', null],
    ])
  })

  it('makes a repository of each format', async () => {
    const releases = await json(
      'repository create acme releases --format maven --policy release --public --host maven.acme.example',
    )
    const { id: _, createdAt: __, ...said } = releases
    expect(said).to.deep.equal({
      name: 'releases',
      format: 'maven',
      kind: 'hosted',
      policy: 'release',
      public: true,
      writePolicy: 'replace',
      layoutPolicy: 'strict',
      webdav: false,
      portableNames: false,
      indexPages: false,
      verifySidecars: false,
      maxSize: null,
      host: 'maven.acme.example',
    })
    for (const [name, format] of [
      ['js', 'npm'],
      ['py', 'pypi'],
      ['files', 'raw'],
    ])
      await cli(`repository create acme ${name} --format ${format}`)
    expect((await json<Row[]>('repository list acme')).map(({ name }) => name)).to.deep.equal(['files', 'js', 'py', 'releases'])
    await refused('repository create acme js --format npm', 'A repository of this name exists already')
    await refused('repository create acme debs --format debian', 'Unknown format: debian (installed: maven, npm, pypi, raw)')
    const kinds = 'are not part of this version; hosted ones are'
    await refused(
      'repository create acme central --format maven --kind proxy --upstream https://repo.example.com/maven2/',
      `repositories of kind proxy ${kinds}`,
    )
    await refused(
      'repository create acme all --members releases,central --format maven --kind group',
      `repositories of kind group ${kinds}`,
    )
  })

  it('gives rights and tokens; a token is printed alone', async () => {
    await cli('grant set acme builders releases write')
    await cli('grant set acme service:ci * read')
    await cli('grant set acme member:bob files write --path team/a')
    expect(await json<Row[]>('grant list acme')).to.deep.equal([
      { subject: 'builders', repository: 'releases', level: 'write', path: null },
      { subject: 'member:bob', repository: 'files', level: 'write', path: 'team/a' },
      { subject: 'service:ci', repository: '*', level: 'read', path: null },
    ])
    await issue('alice', 'token create acme alice --name laptop --scope write')
    await issue('alice-js', 'token create acme alice --name ci --repository js --scope write --expires 30d')
    await issue('lent', 'token create acme a@acme.example --name lent')
    await issue('bob', 'token create acme bob --name laptop --scope delete')
    await issue('ci', 'token create acme ci --name builds')
    await issue('okta', 'token create acme --scim --name okta --cidr 127.0.0.0/8')
    const users = await as('okta', 'GET', '/acme/-/scim/v2/Users?filter=userName%20eq%20%22ALICE%22&attributes=userName')
    expect((users.json() as { Resources: Row[] }).Resources.map(({ userName }) => userName)).to.deep.equal(['alice'])
    const [provider] = await json<Row[]>('token list acme --scim')
    expect(provider).to.deep.include({ connection: 'okta', cidr: ['127.0.0.0/8'] })
    expect(await json('organization update acme holdLeavers=true')).to.include({ holdLeavers: true })
    expect(await json<Row[]>('member leaver-holds acme')).to.deep.equal([])
    await refused('member confirm-leavers acme okta', 'held identity provider not found: okta')
    await cli(`token revoke acme ${provider?.['id']} --scim`)
    expect((await as('okta', 'GET', '/acme/-/scim/v2/Users')).status).to.equal(401)
    const listed = await json<Row[]>('token list acme')
    expect(listed.map(({ member, name }) => `${member} ${name}`).toSorted()).to.deep.equal([
      'alice ci',
      'alice laptop',
      'alice lent',
      'bob laptop',
      'ci builds',
    ])
    const builds = listed.find(({ member }) => member === 'ci')
    expect(builds?.['scopes']).to.deep.equal(['repo:*:read'])
    const lives = Date.parse(String(builds?.['expiresAt'])) - Date.parse(String(builds?.['createdAt']))
    expect(lives).to.equal(90 * 86_400_000)
    const short = listed.find(({ name }) => name === 'ci')
    expect(Date.parse(String(short?.['expiresAt'])) - Date.parse(String(short?.['createdAt']))).to.equal(30 * 86_400_000)
  })

  it('lets each do what they were given, by plain HTTP', async () => {
    const publish = async (version: string) => JSON.stringify(await publishBody({ name: 'greeting', version }))
    const form = multipart(uploadParts(wheel, 'acme-greeting', '1.0'))
    const app = '/acme/releases/com/acme/app/1.0/app-1.0.pom'
    const asJson = { 'content-type': 'application/json' }
    expect((await as('bob', 'PUT', app, pom)).status).to.equal(201)
    expect((await as('alice', 'PUT', '/acme/js/greeting', await publish('1.0.0'), asJson)).status).to.be.within(200, 201)
    expect((await as('alice-js', 'PUT', '/acme/js/greeting', await publish('1.1.0'), asJson)).status).to.be.within(200, 201)
    expect((await as('alice', 'POST', '/acme/py/', form.body, form.headers)).status).to.equal(200)
    expect((await as('alice', 'PUT', '/acme/files/docs/a.txt', 'a')).status).to.equal(201)
    expect((await as('bob', 'PUT', '/acme/files/team/a/b.txt', 'b')).status).to.equal(201)

    const packument = (await as('ci', 'GET', '/acme/js/greeting')).json() as { versions: Row }
    expect(Object.keys(packument.versions)).to.deep.equal(['1.0.0', '1.1.0'])
    expect((await as('ci', 'GET', '/acme/py/simple/acme-greeting/')).text()).to.contain(wheel.filename)
    expect((await as('ci', 'GET', '/acme/files/docs/a.txt')).text()).to.equal('a')
    expect((await as('nobody', 'GET', app)).text()).to.equal(pom)
    const mounted = await as('nobody', 'GET', '/com/acme/app/1.0/app-1.0.pom', undefined, { host: 'maven.acme.example' })
    expect([mounted.status, mounted.text()]).to.deep.equal([200, pom])
    const basic = `Basic ${Buffer.from(`a@acme.example:${password}`).toString('base64')}`
    expect((await as('nobody', 'GET', '/acme/files/docs/a.txt', undefined, { authorization: basic })).text()).to.equal('a')

    expect(
      await statuses(
        as('ci', 'PUT', '/acme/files/c.txt', 'c'),
        as('bob', 'PUT', '/acme/files/docs/c.txt', 'c'),
        as('bob', 'GET', '/acme/js/greeting'),
        as('alice-js', 'GET', '/acme/files/docs/a.txt'),
        as('alice', 'DELETE', '/acme/files/docs/a.txt'),
        as('nobody', 'GET', '/acme/files/docs/a.txt'),
      ),
    ).to.deep.equal([403, 403, 404, 404, 403, 401])
  })

  it('changes its mind: each word acts on the next request', async () => {
    await cli('format disable acme npm')
    const off = await as('alice', 'GET', '/acme/js/greeting')
    expect(off.status).to.equal(403)
    expect(off.text()).to.contain('The format npm is switched off in this organization')
    expect((await json<Row[]>('format list acme')).find(({ name }) => name === 'npm')?.['enabled']).to.equal(false)
    await cli('format enable acme npm')
    expect((await as('alice', 'GET', '/acme/js/greeting')).status).to.equal(200)

    const [builds] = (await json<Row[]>('token list acme ci')) as [Row]
    await cli(`token revoke acme ${builds['id']}`)
    await cli('grant remove acme builders releases')
    await cli('grant remove acme member:bob files --path team/a')
    await cli('repository update acme releases --no-public maxSize=1024')
    const app = '/acme/releases/com/acme/app/1.0/app-1.0.pom'
    expect(
      await statuses(
        as('ci', 'GET', '/acme/js/greeting'),
        as('bob', 'GET', app),
        as('bob', 'GET', '/acme/files/team/a/b.txt'),
        as('nobody', 'GET', app),
        as('alice', 'PUT', '/acme/releases/com/acme/app/1.1/app-1.1.jar', 'x'.repeat(1_025)),
      ),
    ).to.deep.equal([401, 404, 404, 401, 413])
    await refused(`token revoke acme ${builds['id']}`, `token not found: ${builds['id']}`)
    await refused('grant remove acme builders releases', 'grant not found: builders on releases')

    await cli('member update acme alice --role reader')
    expect((await as('alice', 'PUT', '/acme/files/docs/b.txt', 'b')).status).to.equal(403)
    await cli('member set-password acme alice --password-stdin', 'eight-brown-foxes\n')
    secrets.push('eight-brown-foxes')
    const basic = `Basic ${Buffer.from(`alice:${password}`).toString('base64')}`
    expect((await as('nobody', 'GET', '/acme/files/', undefined, { authorization: basic })).status).to.equal(401)
    await cli('member deactivate acme alice')
    expect((await as('alice', 'GET', '/acme/files/docs/a.txt')).status).to.equal(401)
    await cli('member activate acme alice')
    expect((await json('member rename acme alice alicia'))['name']).to.equal('alicia')
    expect((await as('alice', 'GET', '/acme/files/docs/a.txt')).status, 'a token of before is dead for good').to.equal(401)
    await issue('alice', 'token create acme alicia --name laptop --scope write')
    expect((await as('alice', 'GET', '/acme/files/docs/a.txt')).status).to.equal(200)
    await cli('organization suspend acme')
    expect((await as('alice', 'GET', '/acme/files/docs/a.txt')).status).to.equal(401)
    await cli('organization resume acme')
    expect((await as('alice', 'GET', '/acme/files/docs/a.txt')).status).to.equal(200)
  })

  it('tells every route, as an array of five fields', async () => {
    const routes = await json<Row[]>('routes')
    expect(routes).to.be.an('array').with.length.greaterThan(60)
    for (const route of routes) expect(Object.keys(route)).to.deep.equal(['plugin', 'mount', 'method', 'path', 'permission'])
    expect(new Set(routes.map(({ plugin }) => plugin))).to.deep.equal(new Set(['maven', 'npm', 'pypi', 'raw', 'scim', 'api']))
    expect(await cli('routes')).to.contain('/v1/repositories/{repository}')
  })

  it('keeps no token and no password in the data folder, only what they hash to', async () => {
    secrets.push((await readFile(join(server.data, 'operator-token'), 'utf8')).trim())
    const files = await readdir(server.data, { recursive: true, withFileTypes: true })
    let found = false
    for (const file of files) {
      if (!file.isFile() || file.name === 'operator-token') continue
      const content = await readFile(join(file.parentPath, file.name))
      found ||= content.includes('alicia')
      for (const secret of secrets) expect(content.includes(secret), `${file.name} has ${secret}`).to.equal(false)
    }
    // What is no secret is there to be found, so the search would have found a secret.
    expect(found).to.equal(true)
  })

  it('takes everything away again, and nothing of it is there afterwards', async () => {
    await cli('group remove-member acme builders bob')
    await cli('group delete acme builders')
    await cli('member delete acme bob')
    await cli('repository delete acme files')
    expect(await statuses(as('bob', 'GET', '/acme/js/greeting'), as('alice', 'GET', '/acme/files/docs/a.txt'))).to.deep.equal([
      401, 404,
    ])
    await cli('organization delete acme')
    await refused('organization show acme', 'organization not found: acme')
    await refused('repository list acme', 'organization not found: acme')
    expect(await statuses(as('alice', 'GET', '/acme/js/greeting'), as('nobody', 'GET', '/acme/js/greeting'))).to.deep.equal([
      401, 401,
    ])
    expect(await json<Row[]>('organization list')).to.deep.equal([])
  })
})
