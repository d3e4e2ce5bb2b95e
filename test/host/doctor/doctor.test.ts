import { chmod, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect } from 'chai'
import { run } from '../../clients/run.js'
import { Server } from '../../clients/server.js'
import { call } from '../../support/client.js'

const main = new URL('../../../host/launch.cjs', import.meta.url).pathname
type Found = { readonly check: string; readonly level: string; readonly says: string; readonly todo?: string }

describe('cloudrepo doctor', function () {
  this.timeout(60_000)
  let server: Server
  before(async () => {
    server = await Server.start()
    const { token } = await server.target('raw')
    for (const name of ['a.txt', 'b.txt'])
      await call(server.url, {
        method: 'PUT',
        target: `/main/raw/${name}`,
        headers: { authorization: `Bearer ${token}` },
        body: `content of ${name}`,
      })
  })
  after(() => server.stop())
  const doctor = (env: NodeJS.ProcessEnv, ...words: readonly string[]) =>
    run(process.execPath, [main, 'doctor', ...words], {
      cwd: server.folder,
      env: { PATH: process.env['PATH'], CLOUDREPO_DATA: server.data, ...env },
      input: '',
    })
  const json = async (env: NodeJS.ProcessEnv, ...words: readonly string[]) => {
    const { status, stdout, stderr } = await doctor(env, ...words, '--json')
    return { status, stderr, found: JSON.parse(stdout) as Found[] }
  }

  it('finds a house that serves to be well, beside it', async () => {
    const { status, stderr, found } = await json({})
    expect([status, stderr]).to.deep.equal([0, ''])
    expect(found.filter(({ level }) => level === 'fatal')).to.deep.equal([])
    expect(found.map(({ check }) => check)).to.include.members([
      ...['node', 'data folder', 'lock', 'free space', 'inodes', 'file system', 'root key', 'clock'],
      ...['metadata store', 'encryption', 'contents'],
    ])
    const says = (check: string) => found.find((one) => one.check === check)?.says
    expect(says('lock')).to.equal(`The house at ${server.url} serves this folder.`)
    expect(says('encryption')).to.equal('The root key opens the keys of this data.')
    expect(says('contents')).to.match(/^1 organizations, \d+ rows\.$/)
    expect((await doctor({})).stdout).to.contain('The root key opens the keys of this data.')
  })

  it('says what is wrong with the key, changes nothing, and ends with 1', async () => {
    const key = `${server.data}.key`
    const other = join(server.folder, 'other.key')
    await writeFile(other, `k1:${Buffer.alloc(32, 'another root key').toString('base64')}\n`, { mode: 0o400 })
    const wrong = await json({ CLOUDREPO_ROOT_KEY: other })
    expect([wrong.status, wrong.stderr]).to.deep.equal([1, 'one finding is fatal\n'])
    expect(wrong.found.filter(({ level }) => level === 'fatal')).to.deep.equal([
      {
        check: 'encryption',
        level: 'fatal',
        says: 'The root key is not the one that this data was stored under; nothing was changed.',
        todo: 'Name the key file that this data was stored under by CLOUDREPO_ROOT_KEY.',
      },
    ])
    await chmod(key, 0o444)
    expect((await json({})).found.find(({ check }) => check === 'root key')).to.deep.include({
      level: 'fatal',
      todo: `Run: chmod 400 ${key}`,
    })
    await chmod(key, 0o400)
    expect(await readFile(key, 'utf8')).to.match(/^k1:/)
  })

  it('takes malformed settings as `serve` does, and words of its own as usage', async () => {
    const { status, stderr } = await doctor({ CLOUDREPO_WORKERS: 'many' })
    expect([status, stderr]).to.deep.equal([1, 'CLOUDREPO_WORKERS: a number of processes from 1 to 64 is expected\n'])
    expect((await doctor({}, '--nothing')).status).to.equal(2)
  })

  it('makes nothing where there is nothing yet', async () => {
    const empty = join(server.folder, 'empty', 'data')
    const { status, found } = await json({ CLOUDREPO_DATA: empty })
    expect(status).to.equal(0)
    expect(found.find(({ check }) => check === 'data folder')?.says).to.equal(`${empty} will be made by the first start.`)
    expect(await readdir(server.folder)).to.not.contain('empty')
  })

  it('--keys tells how rows spread over partitions', async () => {
    const { status, stdout, stderr } = await doctor({}, '--keys', '--json')
    expect([status, stderr]).to.deep.equal([0, ''])
    const kinds = JSON.parse(stdout) as {
      kind: string
      rows: number
      partitions: number
      largest: { name: string; rows: number }
    }[]
    const kind = (name: string) => kinds.find((one) => one.kind === name)
    expect(kind('blobs')).to.deep.include({ rows: 4, partitions: 2 })
    expect(kind('blobs')?.largest.rows).to.equal(2)
    expect(kind('versions')).to.deep.include({ rows: 2, partitions: 2 })
    expect(kind('epochs')).to.deep.include({ rows: 16, partitions: 16 })
    expect((await doctor({}, '--keys')).stdout).to.match(/│ blobs +│ 4 +│ \d+ +│ 2 +│/)
    expect((await doctor({}, '--keys', '--data')).status).to.equal(2)
  })

  it('--data walks rows and blobs, and names a blob whose bytes are gone or cut', async () => {
    const whole = await doctor({}, '--data', '--json')
    expect([whole.status, whole.stderr]).to.deep.equal([0, ''])
    const { rows, ...count } = JSON.parse(whole.stdout) as Record<string, number>
    expect(rows).to.be.greaterThan(20)
    expect(count).to.deep.equal({ blobs: 2, bytes: 2 * (64 + 16 + 16), unnamed: 0, problems: 0, found: [] })

    const listed = await run('find', ['blobs', '-type', 'f'], { cwd: server.data, env: process.env, input: '' })
    const [one = '', two = ''] = listed.stdout.split('\n').sort().filter(Boolean)
    const key = (path: string) => path.replace('blobs/', '')
    await rename(join(server.data, one), join(server.folder, 'taken'))
    await writeFile(join(server.data, two), 'cut')
    const broken = await doctor({}, '--data', '--json')
    expect([broken.status, broken.stderr]).to.deep.equal([1, '2 problems; nothing was changed\n'])
    const { found } = JSON.parse(broken.stdout) as { found: Record<string, unknown>[] }
    expect(found.sort((a, b) => String(a['kind']).localeCompare(String(b['kind'])))).to.deep.equal([
      { kind: 'no-object', where: key(one), says: 'The blob has a row, and no bytes in the store' },
      { kind: 'wrong-size', where: key(two), says: '3 bytes lie there, 96 were stored' },
    ])
    await rm(join(server.folder, 'taken'))
  })
})
