import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import { call } from '../support/client.js'
import { publishBody } from '../support/npm-package.js'
import { multipart, uploadParts } from '../support/upload-form.js'
import { buildWheel } from '../support/wheel-builder.js'
import { obtain } from './client-cache.js'
import { pythonTools } from './python-tools.js'
import { succeed } from './run.js'
import { type KnownNames, type Sweep, sweep, type Verdict } from './schemathesis-run.js'
import { Server } from './server.js'

/** More cases by `CLOUDREPO_TEST_SCHEMATHESIS`, the number of them per operation; another seed by `CLOUDREPO_TEST_SEED`. */
const examples = Number(process.env['CLOUDREPO_TEST_SCHEMATHESIS'] ?? 6)
const seed = Number(process.env['CLOUDREPO_TEST_SEED'] ?? 1)

const conformance = [
  'not_a_server_error',
  'status_code_conformance',
  'content_type_conformance',
  'response_schema_conformance',
] as const
const several = (word: string) => Array.from({ length: 12 }, (_, at) => `${word}-${at}`)
const names = {
  organizations: ['acme', 'beta'],
  deletable: ['gone-1', 'gone-2', 'gone-3', 'gone-4'],
  repositories: ['maven', 'npm', 'pypi', 'raw', ...several('files')],
  trash: several('trash'),
  members: ['olga', 'dora', 'alice', ...several('member')],
  groups: ['builders', ...several('group')],
  formats: ['maven', 'npm', 'pypi', 'raw'],
  tokens: [] as string[],
  owners: ['rita'],
  packages: ['greeting'],
  releases: ['1.0', '1.1', ...several('2').map((word) => word.replace('-', '.'))],
  leaving: several('leaving'),
  deletions: [] as string[],
  chores: ['none'],
  erasures: [] as string[],
  words: ['greeting', 'docs', 'license:mit', 'f'.repeat(64)],
  scopes: ['repo:*:read', 'repo:*:delete', 'org:read'],
} satisfies KnownNames

describe('The management interface, swept by schemathesis', function () {
  this.timeout(1_900_000)
  let tools: string
  let folder: string
  let server: Server
  let operator: string
  let reader: string
  let description: string

  before(async function () {
    tools = await obtain(this, 'schemathesis', () =>
      pythonTools('openapi', ['schemathesis==4.32.5', 'openapi-spec-validator==0.9.0']),
    )
    folder = await mkdtemp(join(tmpdir(), 'schemathesis-'))
    const place = await mkdtemp(join(tmpdir(), 'cloudrepo-server-'))
    await writeFile(join(place, 'cloudrepo.json'), JSON.stringify({ limits: { searchesPerMinute: 1_000_000 } }))
    server = await Server.start({ CLOUDREPO_SAMPLE: 'off' }, place)
    operator = (await readFile(join(server.data, 'operator-token'), 'utf8')).trim()
    for (const name of [...names.organizations, ...names.deletable]) await send('POST', '/-/api/v1/organizations', { name })
    for (const organization of names.organizations) await furnish(`/${organization}/-/api/v1/`)
    const issued = await send('POST', '/acme/-/api/v1/tokens', {
      member: 'rita',
      name: 'reads',
      scopes: ['repo:*:read', 'org:read'],
    })
    reader = String(issued['token'])
    for (const organization of names.organizations)
      for (const name of ['one', 'two', 'three']) {
        const made = await send('POST', `/${organization}/-/api/v1/tokens`, { member: 'rita', name, scopes: ['repo:*:read'] })
        names.tokens.push(String(made['id']))
      }
    await publish()
    const chores = (
      await call(server.url, { method: 'GET', target: '/-/api/v1/chores', headers: { authorization: `Bearer ${operator}` } })
    ).text()
    names.chores = [...chores.matchAll(/"name":"([^"]+)"/g)].map(([, name = '']) => name)
    description = (await call(server.url, { method: 'GET', target: '/-/api/v1/openapi.json' })).text()
  })
  after(async () => {
    await server?.stop()
    if (folder !== undefined) await rm(folder, { recursive: true, force: true })
  })

  async function send(method: string, target: string, body?: unknown): Promise<Readonly<Record<string, unknown>>> {
    const answer = await call(server.url, {
      method,
      target,
      headers: { authorization: `Bearer ${operator}`, 'content-type': 'application/json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    })
    expect(answer.status, `${method} ${target}: ${answer.text()}`).to.be.within(200, 299)
    return answer.body.length === 0 ? {} : (answer.json() as Readonly<Record<string, unknown>>)
  }

  async function furnish(mount: string): Promise<void> {
    for (const name of names.repositories)
      await send('POST', `${mount}repositories`, { name, format: name.startsWith('files') ? 'raw' : name })
    for (const name of names.trash) {
      await send('POST', `${mount}repositories`, { name, format: 'raw' })
      await send('DELETE', `${mount}repositories/${name}`)
    }
    for (const name of [...names.members, 'rita'])
      await send('POST', `${mount}members`, { name, role: name === 'olga' ? 'owner' : 'reader', email: `${name}@people.example` })
    for (const name of names.groups) await send('POST', `${mount}groups`, { name })
    await send('PUT', `${mount}groups/builders/members/dora`)
    await send('PUT', `${mount}grants`, { subject: 'builders', repository: 'raw', level: 'write' })
    for (const name of several('erased')) {
      await send('POST', `${mount}members`, { name })
      names.erasures.push(String((await send('POST', `${mount}erasures`, { member: name }))['id']))
    }
  }

  /** A file and a package, so that there is something to find. */
  async function publish(): Promise<void> {
    const { token } = await send('POST', '/acme/-/api/v1/tokens', { member: 'olga', name: 'writes', scopes: ['repo:*:delete'] })
    const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' }
    const body = JSON.stringify(await publishBody({ name: 'greeting', version: '1.0.0', license: 'MIT' }))
    const stored = [
      await call(server.url, { method: 'PUT', target: '/acme/raw/docs/notes.txt', headers, body: 'notes' }),
      await call(server.url, { method: 'PUT', target: '/acme/npm/greeting', headers, body }),
    ]
    expect(stored.map(({ status }) => status)).to.deep.equal([201, 201])
    for (const name of several('deleted'))
      for (const [method, status] of [
        ['PUT', 201],
        ['DELETE', 204],
      ] as const) {
        const changed = await call(server.url, {
          method,
          target: `/acme/raw/${name}.txt`,
          headers: { authorization: `Bearer ${token}` },
          ...(method === 'PUT' ? { body: name } : {}),
        })
        expect(changed.status, changed.text()).to.equal(status)
      }
    const { items } = await send('GET', '/acme/-/api/v1/deleted?repository=raw')
    names.deletions = (items as readonly { readonly id: string }[]).map(({ id }) => id)
    for (const [name, version] of [
      ...names.releases.map((release) => ['lute', release]),
      ...names.leaving.map((project) => [project, '1.0']),
    ]) {
      const form = multipart(uploadParts(buildWheel({ name: name ?? '', version: version ?? '' }), name ?? '', version ?? ''))
      const upload = { method: 'POST', target: '/acme/pypi/', headers: { ...headers, ...form.headers }, body: form.body }
      expect((await call(server.url, upload)).status).to.equal(200)
    }
  }

  async function swept(
    options: Pick<Sweep, 'phases' | 'checks' | 'examples' | 'without'> & { readonly token?: string },
  ): Promise<Verdict> {
    const verdict = await sweep({
      command: join(tools, 'schemathesis'),
      folder,
      url: server.url,
      description,
      names,
      seed,
      ...options,
    })
    process.stdout.write(
      `      ${verdict.generated} cases over ${verdict.tested} operations in ${verdict.seconds.toFixed(1)} s\n`,
    )
    expect(verdict.failures, verdict.output).to.deep.equal([])
    return verdict
  }

  it('is described in OpenAPI 3.1, says a validator of somebody else', async () => {
    await succeed(join(tools, 'openapi-spec-validator'), ['--schema', '3.1', '-'], { cwd: folder, input: description })
  })

  it('answers a member with what is described, and no request makes it fail', () =>
    swept({ token: reader, phases: ['coverage', 'fuzzing'], checks: conformance, examples: Math.ceil(examples / 2) }))

  it('answers somebody without a token likewise', () =>
    swept({ phases: ['coverage', 'fuzzing'], checks: conformance, examples: Math.ceil(examples / 3) }))

  it('answers the operator likewise, refuses what does not fit the description, and forgets what was deleted', async () => {
    const { accepted } = await swept({
      token: operator,
      // Behind it nothing could be changed; it has tests of its own.
      // Nor does a body of JSON fit what takes lines of it.
      without: ['instanceSetReadOnly', 'instanceSetAdvisory'],
      phases: ['examples', 'coverage', 'fuzzing', 'stateful'],
      checks: [...conformance, 'negative_data_rejection', 'unsupported_method', 'use_after_free', 'ensure_resource_availability'],
      examples,
    })
    // What one case deletes, another does not find; and nothing is deleted or promoted of a version that is not there.
    // What a session does, or a mailed code, is out of reach of a token.
    // Nobody here has a second factor, and no identity provider was held up.
    const others =
      /\/v1\/(session|mfa|account|email|password\/reset|password$|invitations\/accept|leaver-holds|members\/\{member\}\/sign-in\/second)/
    const never = Object.entries(accepted).filter(([operation, count]) => count === 0 && !others.test(operation))
    expect(never.length, `never reached: ${never.map(([operation]) => operation).join(', ')}`).to.be.below(5)
  })

  it('has outlived all of it, and so have its organizations', async () => {
    expect((await call(server.url, { method: 'GET', target: '/-/health' })).status).to.equal(200)
    for (const name of names.organizations)
      expect((await send('GET', `/${name}/-/api/v1/organization`))['status']).to.equal('active')
    expect(server.log.split('\n').filter((line) => /"level":"?(error|50)/.test(line))).to.deep.equal([])
  })
})
