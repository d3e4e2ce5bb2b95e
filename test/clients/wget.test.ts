import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import { NotToBeHad, obtain } from './client-cache.js'
import { withVersion } from './client-version.js'
import { cleanEnvironment, run, succeed } from './run.js'
import { type ClientTarget, Server } from './server.js'

/** Everything that an address, a page or a shell could take for something else. */
const names = [
  ...[
    'x y.txt',
    'é.txt',
    '100%.txt',
    'q?x.txt',
    'h#x.txt',
    '<b>&".txt',
    "it's.txt",
    '[br].txt',
    'a+b.txt',
    'a:b.txt',
    '..dots.txt',
  ],
  ...['sub/f.txt', 'sub/deep/f.txt'],
]

describe(withVersion('wget'), function () {
  this.timeout(120_000)
  let server: Server
  let target: ClientTarget
  let folder: string
  let env: NodeJS.ProcessEnv

  before(async function () {
    folder = await mkdtemp(join(tmpdir(), 'wget-'))
    env = cleanEnvironment(folder)
    await obtain(this, 'wget', async () => {
      const found = await run('wget', ['--version'], { cwd: folder, env }).catch(() => undefined)
      if (found?.status !== 0) throw new NotToBeHad('wget is not here')
    })
    server = await Server.start()
    target = await server.target('raw')
  })
  after(async () => {
    await server?.stop()
    await rm(folder, { recursive: true, force: true })
  })

  const wget = (...words: string[]) =>
    succeed('wget', ['-nv', '--tries=1', '--auth-no-challenge', '--user=anybody', `--password=${target.token}`, ...words], {
      cwd: folder,
      env,
    })
  const put = async (path: string, body: string) => {
    const address = `${target.url}/main/raw/${path.split('/').map(encodeURIComponent).join('/')}`
    const answer = await fetch(address, { method: 'PUT', body, headers: { authorization: `Bearer ${target.token}` } })
    expect(answer.status).to.be.oneOf([200, 201, 204])
  }

  it('mirrors a folder by its listing, whatever its files are called', async () => {
    for (const name of names) await put(`mirror/${name}`, `bytes of ${name}`)
    await wget('-r', '--no-parent', '-nH', '--cut-dirs=2', '--restrict-file-names=nocontrol', `${target.url}/main/raw/mirror/`)
    const mirrored = (await readdir(join(folder, 'mirror'), { recursive: true, withFileTypes: true }))
      // wget keeps the pages that it read beside the files.
      .filter((entry) => entry.isFile() && !entry.name.startsWith('index.html'))
      .map((entry) => join(entry.parentPath, entry.name).slice(join(folder, 'mirror').length + 1))
    expect(mirrored.sort()).to.deep.equal([...names].sort())
    for (const name of names) expect(await readFile(join(folder, 'mirror', name), 'utf8')).to.equal(`bytes of ${name}`)
  })

  it('goes on where it stopped', async () => {
    const content = 'x'.repeat(100_000)
    await put('large.bin', content)
    await writeFile(join(folder, 'large.bin'), content.slice(0, 40_000))
    await wget('-c', `${target.url}/main/raw/large.bin`)
    expect((await readFile(join(folder, 'large.bin'), 'utf8')) === content).to.equal(true)
  })
})
