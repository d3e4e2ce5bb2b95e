import { createHash } from 'node:crypto'
import { cp, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect } from 'chai'
import { buildSdist } from '../support/sdist-builder.js'
import { type BuiltFile, buildWheel } from '../support/wheel-builder.js'
import { cleanEnvironment, type Ran, run, succeed } from './run.js'
import type { ClientTarget } from './server.js'

/** A small project, to be built by its own back end. */
export const pythonExample = join(dirname(fileURLToPath(import.meta.url)), '..', '..', '..', 'examples', 'clients', 'python')

/** One user at work: a home of its own, the tools of one environment, one repository. */
export class PythonUser {
  private constructor(
    readonly home: string,
    private readonly bin: string,
    readonly target: ClientTarget,
  ) {}

  /** `bin` holds python, pip, twine, uv, and a build back end. */
  static async arrive(target: ClientTarget, bin: string): Promise<PythonUser> {
    return new PythonUser(await mkdtemp(join(tmpdir(), 'python-user-')), bin, target)
  }
  leave(): Promise<void> {
    return rm(this.home, { recursive: true, force: true })
  }

  /** Ends in a slash. */
  get repository(): string {
    const { url, org, repo } = this.target
    return `${url}/${org}/${repo}/`
  }
  /** The index with these credentials in its address. */
  index(user?: string, password?: string): string {
    const address = new URL(`${this.repository}simple/`)
    if (user !== undefined) address.username = encodeURIComponent(user)
    if (password !== undefined) address.password = encodeURIComponent(password)
    return address.href
  }

  /** `tool`: one of its own, or the path of another. */
  run(tool: string, args: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<Ran> {
    return run(resolve(this.bin, tool), args, { cwd: this.home, env: this.environment(env) })
  }
  succeed(tool: string, args: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<Ran> {
    return succeed(resolve(this.bin, tool), args, { cwd: this.home, env: this.environment(env) })
  }
  private environment(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
    const { PATH } = process.env
    return cleanEnvironment(this.home, {
      PATH: `${this.bin}:${PATH ?? ''}`,
      PIP_DISABLE_PIP_VERSION_CHECK: '1',
      PIP_NO_INPUT: '1',
      PYTHONDONTWRITEBYTECODE: '1',
      UV_CACHE_DIR: join(this.home, 'uv-cache'),
      UV_NO_CONFIG: '1',
      UV_PYTHON_DOWNLOADS: 'never',
      ...env,
    })
  }

  twine(files: readonly string[], user: string, password: string): Promise<Ran> {
    const settings = { TWINE_REPOSITORY_URL: this.repository, TWINE_USERNAME: user, TWINE_PASSWORD: password }
    return this.run('twine', ['upload', '--non-interactive', '--disable-progress-bar', ...files], settings)
  }
  uvPublish(files: readonly string[], credentials: NodeJS.ProcessEnv): Promise<Ran> {
    return this.run('uv', ['publish', '--publish-url', this.repository, ...files], credentials)
  }

  /** `pip install` into a folder of its own; answers what happened and where. */
  async pip(
    requirements: readonly string[],
    index: string,
    ...more: readonly string[]
  ): Promise<Ran & { readonly folder: string }> {
    const folder = await mkdtemp(join(this.home, 'site-'))
    const ran = await this.run('python', [
      '-m',
      'pip',
      'install',
      '--target',
      folder,
      '--index-url',
      index,
      ...more,
      ...requirements,
    ])
    return { ...ran, folder }
  }
  async uvInstall(requirements: readonly string[], credentials: NodeJS.ProcessEnv, ...more: readonly string[]) {
    const folder = await mkdtemp(join(this.home, 'site-'))
    const args = [
      'pip',
      'install',
      '--python',
      join(this.bin, 'python'),
      '--target',
      folder,
      '--default-index',
      `acme=${this.index()}`,
    ]
    return { ...(await this.run('uv', [...args, ...more, ...requirements], credentials)), folder }
  }
  /** What a line of Python prints with that folder on its path. */
  async python(folder: string, line: string): Promise<string> {
    return (await this.succeed('python', ['-c', line], { PYTHONPATH: folder })).stdout.trim()
  }

  /** The example project, built by its own back end from a copy: wheel and source distribution. */
  async buildExample(): Promise<readonly string[]> {
    const project = join(this.home, 'project')
    await cp(pythonExample, project, { recursive: true })
    await this.succeed('python', ['-m', 'build', '--no-isolation', project])
    const dist = join(project, 'dist')
    return (await readdir(dist)).sort().map((name) => join(dist, name))
  }
  async save(file: BuiltFile, folder = 'dist'): Promise<string> {
    await mkdir(join(this.home, folder), { recursive: true })
    const path = join(this.home, folder, file.filename)
    await writeFile(path, file.content)
    return path
  }
  async requirements(...lines: readonly string[]): Promise<readonly string[]> {
    const path = join(await mkdtemp(join(this.home, 'requirements-')), 'requirements.txt')
    await writeFile(path, `${lines.join('\n')}\n`)
    return ['--require-hashes', '-r', path]
  }
  netrc(login: string, password: string): Promise<void> {
    const { hostname } = new URL(this.target.url)
    return writeFile(join(this.home, '.netrc'), `machine ${hostname} login ${login} password ${password}\n`, { mode: 0o600 })
  }
}

export async function sha256(path: string): Promise<string> {
  return createHash('sha256')
    .update(await readFile(path))
    .digest('hex')
}

/** A project built by a real back end goes up with twine and comes down with pip, as wheel and from source. */
export async function twineAndPipFlow(user: PythonUser): Promise<void> {
  const { token, login, password } = user.target
  const files = await user.buildExample()
  expect(files.map((path) => path.slice(path.lastIndexOf('/') + 1))).to.deep.equal([
    'acme_greeting-1.0.0-py3-none-any.whl',
    'acme_greeting-1.0.0.tar.gz',
  ])
  const [wheel = '', sdist = ''] = files
  expect((await user.twine(files, '__token__', 'crt_u_nonsense')).output, 'a wrong token').to.contain('401')
  expect(await user.twine([wheel], '__token__', token), 'a wheel, by token').to.include({ status: 0 })
  expect(await user.twine([sdist], login, password), 'a source distribution, by name and password').to.include({ status: 0 })
  expect(await user.twine(files, '__token__', token), 'the same again').to.include({ status: 0 })
  const other = await user.save(buildWheel({ name: 'acme-greeting', version: '1.0.0' }))
  const refused = await user.twine([other], '__token__', token)
  expect(refused.status).not.to.equal(0)
  expect(refused.output.replace(/\s+/g, ' ')).to.contain(
    `File already exists ('acme_greeting-1.0.0-py3-none-any.whl', with sha256 hash`,
  )

  const installed = await user.pip(['acme-greeting'], user.index('__token__', token))
  expect(installed.status, installed.output).to.equal(0)
  expect(installed.output).to.contain('.whl.metadata')
  expect(await user.python(installed.folder, 'import acme_greeting; print(acme_greeting.greet("pip"))')).to.equal('Hello, pip!')
  const source = await user.pip(
    ['acme-greeting==1.0.0'],
    user.index(login, password),
    '--no-binary',
    ':all:',
    '--no-build-isolation',
  )
  expect(source.status, source.output).to.equal(0)
  expect(await user.python(source.folder, 'import acme_greeting; print(acme_greeting.greet("source"))')).to.equal(
    'Hello, source!',
  )

  const checked = await user.requirements(`acme-greeting==1.0.0 --hash=sha256:${await sha256(wheel)}`)
  expect((await user.pip(checked, user.index(login, token))).status, 'the right hash').to.equal(0)
  const wrong = await user.pip(
    await user.requirements(`acme-greeting==1.0.0 --hash=sha256:${'0'.repeat(64)}`),
    user.index(login, token),
  )
  expect(wrong.status).not.to.equal(0)
  expect(wrong.output).to.contain('THESE PACKAGES DO NOT MATCH THE HASHES')

  expect((await user.pip(['acme-greeting'], user.index())).status, 'without credentials').not.to.equal(0)
  await user.netrc('anybody', token)
  expect(await user.pip(['acme-greeting'], user.index()), 'by netrc').to.include({ status: 0 })
}

/** Files go up with uv and come down with uv; what is there is skipped, what differs is refused. */
export async function uvFlow(user: PythonUser): Promise<void> {
  const { token, login, password } = user.target
  const byToken = { UV_INDEX_ACME_USERNAME: '__token__', UV_INDEX_ACME_PASSWORD: token }
  const byPassword = { UV_INDEX_ACME_USERNAME: login, UV_INDEX_ACME_PASSWORD: password }
  const dependency = buildWheel({ name: 'acme-base', version: '0.1+local.7', description: 'Base' })
  const wheel = buildWheel({ name: 'Acme.App', version: '2.0', requiresPython: '>=3.8', headers: ['Requires-Dist: acme-base'] })
  const paths = [
    await user.save(dependency),
    await user.save(wheel),
    await user.save(await buildSdist({ name: 'Acme.App', version: '2.0' })),
  ]
  expect(await user.uvPublish(paths, { UV_PUBLISH_TOKEN: token }), 'by token').to.include({ status: 0 })
  expect(await user.uvPublish(paths, { UV_PUBLISH_USERNAME: login, UV_PUBLISH_PASSWORD: password }), 'the same again').to.include(
    { status: 0 },
  )
  const other = await user.save(buildWheel({ name: 'Acme.App', version: '2.0', files: { 'more.py': '' } }), 'other')
  const refused = await user.uvPublish([other], { UV_PUBLISH_TOKEN: token })
  expect(refused.status).not.to.equal(0)
  expect(refused.output.replace(/\s+/g, ' ')).to.contain('File already exists')

  for (const credentials of [byToken, byPassword]) {
    const { status, output, folder } = await user.uvInstall(['acme-app'], credentials)
    expect(status, output).to.equal(0)
    expect(await user.python(folder, 'import acme_app, acme_base; print(acme_app.__version__, acme_base.__version__)')).to.equal(
      '2.0 0.1+local.7',
    )
  }
  const lines = (hash: string) => [
    `acme-app==2.0 --hash=sha256:${hash}`,
    `acme-base==0.1+local.7 --hash=sha256:${dependency.sha256}`,
  ]
  const right = await user.uvInstall(await user.requirements(...lines(wheel.sha256)), byToken)
  expect(right.status, right.output).to.equal(0)
  const wrong = await user.uvInstall(await user.requirements(...lines('0'.repeat(64))), byToken, '--no-cache')
  expect(wrong.status).not.to.equal(0)
  expect(wrong.output).to.match(/hash mismatch/i)
  const stranger = await user.uvInstall(['acme-app'], {}, '--no-cache')
  expect(stranger.status, 'without credentials').not.to.equal(0)
}
