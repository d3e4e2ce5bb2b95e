import { readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { expect } from 'chai'
import type { PythonUser } from '../pip-flow.js'
import { publishApp, pythonSuite, tellVersions, write } from '../python-suite.js'
import { pythonTools } from '../python-tools.js'
import { cleanEnvironment, succeed } from '../run.js'

interface Locker {
  readonly title: string
  readonly tools: readonly string[]
  /** Writes the project, and answers what locks it, what installs its lock file into `.venv`, and the environment of both; words of commands. */
  readonly project: (user: PythonUser) => Promise<{ lock: Words; install: Words; env: NodeJS.ProcessEnv }>
  readonly lockFile: string
}
type Words = readonly [tool: string, ...args: string[]]

const lockers: readonly Locker[] = [
  {
    title: 'poetry 2.5.1',
    tools: ['poetry==2.5.1'],
    lockFile: 'poetry.lock',
    async project(user) {
      const source = ['[[tool.poetry.source]]', 'name = "acme"', `url = "${user.index()}"`, 'priority = "primary"']
      const project = ['[project]', 'name = "app"', 'version = "1"', 'requires-python = ">=3.9"', 'dependencies = ["acme-app"]']
      await write(user, 'app/pyproject.toml', ...project, '[tool.poetry]', 'package-mode = false', ...source)
      return {
        lock: ['poetry', '--directory', 'app', '--no-interaction', 'lock'],
        install: ['poetry', '--directory', 'app', '--no-interaction', 'sync'],
        env: {
          POETRY_HTTP_BASIC_ACME_USERNAME: '__token__',
          POETRY_HTTP_BASIC_ACME_PASSWORD: user.target.token,
          POETRY_VIRTUALENVS_IN_PROJECT: 'true',
        },
      }
    },
  },
  {
    title: 'uv, a project 0.13.9',
    tools: ['uv==0.13.9'],
    lockFile: 'uv.lock',
    async project(user) {
      const project = ['[project]', 'name = "app"', 'version = "1"', 'requires-python = ">=3.9"', 'dependencies = ["acme-app"]']
      const index = ['[[tool.uv.index]]', 'name = "acme"', `url = "${user.index()}"`, 'default = true']
      await write(user, 'app/pyproject.toml', ...project, ...index)
      return {
        lock: ['uv', '--directory', 'app', 'lock'],
        install: ['uv', '--directory', 'app', 'sync', '--locked'],
        env: { UV_INDEX_ACME_USERNAME: '__token__', UV_INDEX_ACME_PASSWORD: user.target.token, UV_NO_CONFIG: 'false' },
      }
    },
  },
  {
    title: 'pdm 2.29.4',
    // Its newest cache library is too new for it.
    tools: ['pdm==2.29.4', 'hishel[httpx2]==1.4.0'],
    lockFile: 'pdm.lock',
    async project(user) {
      const url = user.index('__token__', 'TOKEN').replace('TOKEN', '$' + '{REPO_TOKEN}')
      const source = ['[[tool.pdm.source]]', 'name = "pypi"', `url = "${url}"`, 'verify_ssl = false']
      const project = ['[project]', 'name = "app"', 'version = "1"', 'requires-python = ">=3.9"', 'dependencies = ["acme-app"]']
      await write(user, 'app/pyproject.toml', ...project, '[tool.pdm]', 'distribution = false', ...source)
      return {
        lock: ['pdm', 'lock', '--project', 'app'],
        install: ['pdm', 'sync', '--project', 'app'],
        env: { REPO_TOKEN: user.target.token, PDM_CHECK_UPDATE: '0', PDM_IGNORE_SAVED_PYTHON: '1' },
      }
    },
  },
  {
    title: 'pipenv 2026.10.3',
    tools: ['pipenv==2026.10.3'],
    lockFile: 'Pipfile.lock',
    async project(user) {
      const url = user.index('__token__', 'TOKEN').replace('TOKEN', '$' + '{REPO_TOKEN}')
      const source = ['[[source]]', 'name = "acme"', `url = "${url}"`, 'verify_ssl = false']
      await write(user, 'app/Pipfile', ...source, '[packages]', 'acme-app = "*"')
      const env = {
        REPO_TOKEN: user.target.token,
        PIPENV_VENV_IN_PROJECT: '1',
        PIPENV_PIPFILE: join(user.home, 'app', 'Pipfile'),
      }
      return { lock: ['pipenv', 'lock'], install: ['pipenv', 'sync'], env }
    },
  },
]

for (const { title, tools, project, lockFile } of lockers)
  pythonSuite(
    title,
    () => pythonTools(title.split(/[ ,]/)[0] ?? '', tools),
    (user) => {
      it('locks what the index has, and installs its lock file with an empty cache and with a warm one', async () => {
        const { lock, install, env } = await project(user())
        const [locker, ...lockArgs] = lock
        await user().succeed(locker, lockArgs, env)
        const locked = await readFile(join(user().home, 'app', lockFile), 'utf8')
        expect(locked).to.match(/sha256:[0-9a-f]{64}/)
        expect(locked, 'no credential is in the lock file').not.to.contain(user().target.token)
        await rm(join(user().home, '.cache'), { recursive: true, force: true })
        await rm(join(user().home, 'uv-cache'), { recursive: true, force: true })
        for (const _ of ['empty', 'warm']) {
          await rm(join(user().home, 'app', '.venv'), { recursive: true, force: true })
          const [installer, ...installArgs] = install
          await user().succeed(installer, installArgs, env)
          const python = join(user().home, 'app', '.venv', 'bin', 'python')
          const ran = await succeed(python, ['-c', tellVersions], { cwd: user().home, env: cleanEnvironment(user().home) })
          expect(ran.stdout.trim()).to.equal('1.0 1.0')
        }
        expect(await readFile(join(user().home, 'app', lockFile), 'utf8')).to.equal(locked)
      })
    },
    publishApp,
  )

pythonSuite(
  'pip-tools 7.6.2',
  () => pythonTools('pip-tools', ['pip-tools==7.6.2', 'pip==26.3']),
  (user) => {
    it('compiles requirements with hashes and without credentials in them, and pip installs these', async () => {
      await write(user(), 'requirements.in', 'acme-app')
      const index = user().index('__token__', user().target.token)
      const words = ['--quiet', '--generate-hashes', '--no-emit-index-url', '--index-url', index, '-o', 'requirements.txt']
      await user().succeed('pip-compile', [...words, 'requirements.in'])
      const compiled = await readFile(join(user().home, 'requirements.txt'), 'utf8')
      expect(compiled).to.match(/acme-app==1\.0.*\n.*--hash=sha256:[\s\S]*acme-base==1\.0/)
      expect(compiled).not.to.contain(user().target.token)
      const installed = await user().pip(['--require-hashes', '-r', 'requirements.txt'], index)
      expect(installed.status, installed.output).to.equal(0)
      expect(await user().python(installed.folder, tellVersions)).to.equal('1.0 1.0')
    })
  },
  publishApp,
)

pythonSuite(
  'keyring 25.7.0',
  () => pythonTools('keyring', ['keyring==25.7.0', 'keyrings.alt==5.0.2']),
  (user) => {
    it('gives pip the token, which is in no address and no setting', async () => {
      const env = { PYTHON_KEYRING_BACKEND: 'keyrings.alt.file.PlaintextKeyring' }
      // pip takes no keyring from its own environment.
      const pip = join(await pythonTools('pip-26.3', ['pip==26.3'], '3.13'), 'pip')
      const words = ['install', '--keyring-provider', 'subprocess', '--target', 'site', '--index-url']
      const install = () => user().run(pip, [...words, user().index('__token__'), 'acme-app'], env)
      expect((await install()).status, 'an empty keyring').not.to.equal(0)
      const keep = `import keyring; keyring.set_password(${JSON.stringify(user().index())}, "__token__", ${JSON.stringify(user().target.token)})`
      await user().succeed('python', ['-c', keep], env)
      const installed = await install()
      expect(installed.status, installed.output).to.equal(0)
      expect(await user().python(join(user().home, 'site'), tellVersions)).to.equal('1.0 1.0')
    })
  },
  publishApp,
)
