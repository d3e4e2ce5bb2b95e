import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { mkdtemp, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import { expect } from 'chai'
import { multipart, uploadParts } from '../../support/upload-form.js'
import { buildWheel, type WheelOptions } from '../../support/wheel-builder.js'
import type { PythonUser } from '../pip-flow.js'
import { pythonSuite, write } from '../python-suite.js'
import { pythonTools } from '../python-tools.js'
import type { Ran } from '../run.js'
import type { Server } from '../server.js'

/** No wheel is as small as this, and no metadata as large. */
const between = 50_000
const weight = randomBytes(2 * between).toString('hex')
const tell = (...names: readonly string[]) =>
  `import ${names.join(', ')}; print(${names.map((name) => `${name}.__version__`).join(', ')})`

/** song 1.0 to 1.4, and 2.0rc1: each wants the chord of its own version; the extra `loud` wants a drum. 1.4 is yanked. */
async function publishSongs({ target, repository }: PythonUser): Promise<void> {
  const authorization = `Bearer ${target.token}`
  const publish = async (options: WheelOptions) => {
    const file = buildWheel({ ...options, files: { [`${options.name}/weight.txt`]: weight } })
    const { headers, body } = multipart(uploadParts(file, options.name, options.version))
    const answer = await fetch(repository, { method: 'POST', headers: { ...headers, authorization }, body: new Uint8Array(body) })
    expect(answer.status, await answer.text()).to.equal(200)
  }
  for (const version of ['1.0', '1.1', '1.2', '1.3', '1.4', '2.0rc1']) {
    const headers = [`Requires-Dist: chord ==${version}`, 'Provides-Extra: loud', 'Requires-Dist: drum >=1 ; extra == "loud"']
    await publish({ name: 'song', version, headers })
    if (version !== '1.3') await publish({ name: 'chord', version })
  }
  await publish({ name: 'drum', version: '1.0' })
  const yank = await fetch(`${target.url}/${target.org}/-/api/v1/packages/${target.repo}/song/1.4/yank`, {
    method: 'POST',
    headers: { authorization, 'content-type': 'application/json' },
    body: JSON.stringify({ reason: 'out of tune' }),
  })
  expect(yank.status, await yank.text()).to.equal(204)
}

/** The log up to an answer of our own: all that was answered before is in it. */
async function loggedSoFar(server: Server, { target, repository }: PythonUser): Promise<string> {
  const answer = await fetch(`${repository}simple/song/`, { headers: { authorization: `Bearer ${target.token}` } })
  await answer.arrayBuffer()
  const id = answer.headers.get('x-request-id') ?? ''
  while (!server.log.includes(id)) await once(server.process.stderr as Readable, 'data')
  return server.log.slice(0, server.log.indexOf(id) + id.length)
}

/** Each answer with a file or a file's metadata while `work` ran. */
async function answersTo(server: Server, user: PythonUser, work: () => Promise<void>) {
  const before = await loggedSoFar(server, user)
  await work()
  const lines = (await loggedSoFar(server, user)).slice(before.length).split('\n')
  return lines
    .filter((line) => line.includes('"/files/'))
    .map((line) => JSON.parse(line) as { readonly status: number; readonly bytes: number })
}

interface Resolver {
  readonly title: string
  readonly tools: () => Promise<string>
  readonly install: (user: PythonUser, words: readonly string[], index: string) => Promise<Ran & { readonly folder: string }>
  /** Reads wheels' metadata beside them. */
  readonly sidecars: boolean
  /** Tells why a file was yanked. */
  readonly tellsYanks?: RegExp
  /** Takes only what was uploaded before the moment that follows. */
  readonly before?: string
  /** Resolves, and installs nothing: wheels are not needed for it. */
  readonly resolve?: (user: PythonUser, index: string) => Promise<string>
}

const pipOf = (version: string, python: string): Resolver => ({
  title: `pip, resolving, on Python ${python} ${version}`,
  tools: () => pythonTools(`pip-${version}`, [`pip==${version}`], python),
  install: (user, words, index) => user.pip(words, index, '--no-cache-dir'),
  sidecars: Number.parseFloat(version) >= 23.2,
  tellsYanks: /Reason for being yanked: out of tune/,
})
const resolvers: readonly Resolver[] = [
  pipOf('20.3.4', '3.8'),
  pipOf('22.3.1', '3.9'),
  pipOf('23.2.1', '3.11'),
  {
    ...pipOf('26.3', '3.13'),
    before: '--uploaded-prior-to',
    async resolve(user, index) {
      const words = ['-m', 'pip', 'install', '--dry-run', '--quiet', '--ignore-installed', '--no-cache-dir', '--report', 'report']
      await user.succeed('python', [...words, '--index-url', index, 'song[loud]'])
      const { install } = JSON.parse(await readFile(join(user.home, 'report'), 'utf8')) as {
        install: { metadata: { name: string; version: string } }[]
      }
      return install
        .map(({ metadata }) => `${metadata.name}==${metadata.version}`)
        .sort()
        .join(' ')
    },
  },
  {
    title: 'uv, resolving 0.13.9',
    tools: () => pythonTools('uv', ['uv==0.13.9']),
    async install(user, words, index) {
      const folder = await mkdtemp(join(user.home, 'site-'))
      const own = words.map((word) => (word === '--pre' ? '--prerelease=allow' : word))
      const args = ['pip', 'install', '--no-cache', '--target', folder, '--default-index', index, ...own]
      return { ...(await user.run('uv', args)), folder }
    },
    sidecars: true,
    before: '--exclude-newer',
    tellsYanks: /`song==1\.4` is yanked \(reason: "?out of tune"?\)/,
    async resolve(user, index) {
      await write(user, 'in.txt', 'song[loud]')
      const words = [
        'pip',
        'compile',
        '--quiet',
        '--no-cache',
        '--no-header',
        '--no-annotate',
        '--default-index',
        index,
        'in.txt',
      ]
      const { stdout } = await user.succeed('uv', words)
      return stdout.trim().split('\n').sort().join(' ').replace('[loud]', '')
    },
  },
]

for (const { title, tools, install, sidecars, tellsYanks, before, resolve } of resolvers)
  pythonSuite(
    title,
    tools,
    (user, server) => {
      const index = () => user().index('__token__', user().target.token)
      const installed = async (names: readonly string[], ...words: readonly string[]) => {
        const ran = await install(user(), words, index())
        expect(ran.status, ran.output).to.equal(0)
        return { ...ran, versions: await user().python(ran.folder, tell(...names)) }
      }

      it('takes the newest release that fits with what it needs, and fetches no wheel that it does not install', async () => {
        const answers = await answersTo(server(), user(), async () => {
          const { versions } = await installed(['song', 'chord'], 'song')
          expect(versions, '1.4 is yanked, and there is no chord of 1.3').to.equal('1.2 1.2')
        })
        expect(
          answers.filter(({ bytes }) => bytes > between),
          'of song 1.3 too where metadata is not read beside it',
        ).to.have.length(sidecars ? 2 : 3)
      })

      it('takes pre-releases where they are asked for, extras, and constraints', async () => {
        expect((await installed(['song', 'chord'], '--pre', 'song')).versions).to.equal('2.0rc1 2.0rc1')
        expect((await installed(['song', 'chord', 'drum'], 'song[loud]')).versions).to.equal('1.2 1.2 1.0')
        await write(user(), 'constraints.txt', 'song<1.2')
        expect((await installed(['song', 'chord'], '-c', 'constraints.txt', 'song')).versions).to.equal('1.1 1.1')
      })

      it('installs a yanked release for whoever pins it, and says why it was yanked', async () => {
        const { versions, output } = await installed(['song', 'chord'], 'song==1.4')
        expect(versions).to.equal('1.4 1.4')
        if (tellsYanks) expect(output.replace(/\s+/g, ' ')).to.match(tellsYanks)
      })

      it('comes in with a token as user name, without a password', async () => {
        const ran = await install(user(), ['drum'], user().index(user().target.token))
        expect(ran.status, ran.output).to.equal(0)
      })

      if (before !== undefined)
        it('takes what was uploaded before a moment, by the times that the index tells', async () => {
          const headers = { authorization: `Bearer ${user().target.token}`, accept: 'application/vnd.pypi.simple.v1+json' }
          const page = await (await fetch(`${user().repository}simple/song/`, { headers })).json()
          const { files } = page as { files: readonly { filename: string; 'upload-time': string }[] }
          const moment = files.find(({ filename }) => filename.startsWith('song-1.2-'))?.['upload-time'] ?? ''
          expect((await installed(['song', 'chord'], before, moment, 'song')).versions).to.equal('1.1 1.1')
          expect((await installed(['song', 'chord'], before, '2100-01-01T00:00:00Z', 'song')).versions).to.equal('1.2 1.2')
          const nothing = await install(user(), [before, '2020-01-01T00:00:00Z', 'song'], index())
          expect(nothing.status, nothing.output).not.to.equal(0)
        })

      if (resolve)
        it('resolves by metadata alone: no wheel is fetched', async () => {
          const answers = await answersTo(server(), user(), async () => {
            expect(await resolve(user(), index())).to.equal('chord==1.2 drum==1.0 song==1.2')
          })
          expect(answers.length).to.be.greaterThan(2)
          expect(answers.filter(({ status, bytes }) => status !== 200 || bytes > between)).to.deep.equal([])
        })
    },
    publishSongs,
  )
