import { appendFile, cp, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect } from 'chai'
import { attestationOf } from '../../support/attestation-builder.js'
import { buildWheel } from '../../support/wheel-builder.js'
import { type PythonUser, pythonExample, sha256 } from '../pip-flow.js'
import { buildGreeting, filesOf, pythonSuite, write } from '../python-suite.js'
import { pythonTools } from '../python-tools.js'
import type { Ran } from '../run.js'

interface Publisher {
  readonly title: string
  readonly tools: readonly string[]
  /** It tells its user that a file exists, and ends well. */
  readonly passesOver?: boolean
  readonly publish: (user: PythonUser, files: readonly string[]) => Promise<Ran>
  /** Makes the files; `changed`: with other content. Default: a wheel and a source distribution of the usual shape. */
  readonly build?: (user: PythonUser, changed: boolean) => Promise<readonly string[]>
}

const publishers: readonly Publisher[] = [
  {
    title: 'twine 5.1.1',
    tools: ['twine==5.1.1'],
    publish: (user, files) => user.twine(files, '__token__', user.target.token),
  },
  {
    title: 'poetry, publishing 2.5.1',
    tools: ['poetry==2.5.1'],
    async publish(user) {
      await write(user, 'project/pyproject.toml', '[project]', 'name = "acme-greeting"', 'version = "1.0.0"', 'description = ""')
      return user.run('poetry', ['--no-interaction', '--directory', 'project', 'publish', '--repository', 'acme'], {
        POETRY_REPOSITORIES_ACME_URL: user.repository,
        POETRY_HTTP_BASIC_ACME_USERNAME: '__token__',
        POETRY_HTTP_BASIC_ACME_PASSWORD: user.target.token,
      })
    },
  },
  {
    title: 'hatch 1.18.2',
    tools: ['hatch==1.18.2'],
    passesOver: true,
    publish: (user, files) =>
      user.run('hatch', ['publish', '--no-prompt', ...files], {
        HATCH_INDEX_REPO: user.repository,
        HATCH_INDEX_USER: '__token__',
        HATCH_INDEX_AUTH: user.target.token,
      }),
  },
  {
    title: 'pdm, publishing 2.29.4',
    tools: ['pdm==2.29.4', 'hishel[httpx2]==1.4.0'],
    async publish(user) {
      await write(user, 'project/pyproject.toml', '[project]', 'name = "acme-greeting"', 'version = "1.0.0"')
      const words = ['publish', '--project', 'project', '--no-build', '--repository', user.repository]
      return user.run('pdm', words, {
        PDM_PUBLISH_USERNAME: '__token__',
        PDM_PUBLISH_PASSWORD: user.target.token,
        PDM_CHECK_UPDATE: '0',
      })
    },
  },
  {
    title: 'flit 4.2.0',
    tools: ['flit==4.2.0'],
    // It publishes what it builds itself: the example project.
    async build(user, changed) {
      const source = join(user.home, 'project', 'src', 'acme_greeting', '__init__.py')
      if (changed) await appendFile(source, '# changed\n')
      else await cp(pythonExample, join(user.home, 'project'), { recursive: true })
      const names = ['acme_greeting-1.0.0-py3-none-any.whl', 'acme_greeting-1.0.0.tar.gz']
      return names.map((name) => join(user.home, 'project', 'dist', name))
    },
    publish: (user) =>
      user.run('flit', ['-f', 'project/pyproject.toml', 'publish'], {
        FLIT_INDEX_URL: user.repository,
        FLIT_USERNAME: '__token__',
        FLIT_PASSWORD: user.target.token,
        // Built twice, its files are the same.
        SOURCE_DATE_EPOCH: '1577836800',
      }),
  },
  {
    title: 'uv, which looks first 0.13.9',
    tools: ['uv==0.13.9'],
    publish: (user, files) =>
      user.run('uv', ['publish', '--publish-url', user.repository, '--check-url', user.index(), ...files], {
        UV_PUBLISH_TOKEN: user.target.token,
      }),
  },
]

const usualBuild = (user: PythonUser, changed: boolean) => buildGreeting(user, changed ? { 'more.py': '' } : {})

for (const { title, tools, publish, build = usualBuild, passesOver = false } of publishers)
  pythonSuite(
    title,
    () => pythonTools(`publisher-${tools[0]?.split('==')[0]}`, tools),
    (user) => {
      it('publishes a wheel and a source distribution, and the same again without harm', async () => {
        const files = await build(user(), false)
        const published = await publish(user(), files)
        expect(published.status, published.output).to.equal(0)
        const there = await filesOf(user(), 'acme-greeting')
        const made = await Promise.all(files.map(async (path) => [path.slice(path.lastIndexOf('/') + 1), await sha256(path)]))
        expect(there).to.deep.equal(Object.fromEntries(made))
        const again = await publish(user(), files)
        expect(again.status, again.output).to.equal(0)
        expect(await filesOf(user(), 'acme-greeting')).to.deep.equal(there)
      })

      it('is refused other content under a name that exists', async () => {
        const before = await filesOf(user(), 'acme-greeting')
        const refused = await publish(user(), await build(user(), true))
        expect(refused.status === 0, refused.output).to.equal(passesOver)
        expect(refused.output.replace(/\s+/g, ' ')).to.match(/already exists|do not match/i)
        expect(await filesOf(user(), 'acme-greeting')).to.deep.equal(before)
      })
    },
  )

pythonSuite(
  'twine, --skip-existing 5.1.1',
  () => pythonTools('publisher-twine', ['twine==5.1.1']),
  (user) => {
    it('passes over a name that is there with other content, and publishes the rest', async () => {
      const { token } = user().target
      const files = await buildGreeting(user())
      expect(await user().twine(files, '__token__', token)).to.include({ status: 0 })
      const before = await filesOf(user(), 'acme-greeting')
      const changed = await buildGreeting(user(), { 'more.py': '' })
      const next = buildWheel({ name: 'acme-greeting', version: '1.1.0' })
      const all = [...changed, await user().save(next, 'project/dist')]
      const ran = await user().twine(['--skip-existing', ...all], '__token__', token)
      expect(ran.status, ran.output).to.equal(0)
      expect(ran.output.replace(/\s+/g, ' ')).to.contain(
        'Skipping acme_greeting-1.0.0-py3-none-any.whl because it appears to already',
      )
      expect(await filesOf(user(), 'acme-greeting')).to.deep.equal({ ...before, [next.filename]: next.sha256 })
    })
  },
)

/** Both take what is given beside a file as `{file}.publish.attestation`; uv by itself, twine when it is told to. */
const attesting: readonly Omit<Publisher, 'passesOver' | 'build'>[] = [
  {
    title: 'twine, with attestations 7.0.0',
    tools: ['twine==7.0.0'],
    publish: (user, files) => user.twine(['--attestations', ...files], '__token__', user.target.token),
  },
  {
    title: 'uv, with attestations 0.13.9',
    tools: ['uv==0.13.9'],
    publish: (user, files) => user.uvPublish(files, { UV_PUBLISH_TOKEN: user.target.token }),
  },
]
for (const { title, tools, publish } of attesting)
  pythonSuite(
    title,
    () => pythonTools(`publisher-${tools[0]?.split('==')[0]}`, tools),
    (user) => {
      it('publishes a wheel with its attestation, which is served as it was made', async () => {
        const { target, repository } = user()
        const wheel = buildWheel({ name: 'acme-greeting', version: '1.0.0' })
        const path = await user().save(wheel, 'dist')
        const attestation = attestationOf(wheel)
        await writeFile(`${path}.publish.attestation`, JSON.stringify(attestation))
        const ran = await publish(user(), [path, `${path}.publish.attestation`])
        expect(ran.status, ran.output).to.equal(0)
        const headers = { accept: 'application/vnd.pypi.simple.v1+json', authorization: `Bearer ${target.token}` }
        const page = await fetch(`${repository}simple/acme-greeting/`, { headers })
        const { files } = (await page.json()) as { files: readonly { provenance: string }[] }
        const address = `${repository}integrity/acme-greeting/1.0.0/${wheel.filename}/provenance`
        expect(files.map(({ provenance }) => provenance)).to.deep.equal([address])
        const told = await fetch(address, { headers: { authorization: headers.authorization } })
        expect(await told.json()).to.deep.equal({
          version: 1,
          attestation_bundles: [{ publisher: { kind: 'unverified', claims: null }, attestations: [attestation] }],
        })
      })
    },
  )
