import { createHash } from 'node:crypto'
import { Readable } from 'node:stream'
import { gzipSync } from 'node:zlib'
import { expect } from 'chai'
import { type Bytes, RegistryError, readTarEntry, walkTar } from '#core'
import { inMemoryBytes } from '../../support/in-memory-bytes.js'
import { packTar, type TarMember, tarball } from '../../support/tar-builder.js'

const archive = async (members: readonly TarMember[]) => inMemoryBytes(await tarball(members))
const listing = async (content: Bytes, limits = {}) => {
  const seen: string[] = []
  await walkTar(content, ({ kind, name, size }) => void seen.push(`${kind} ${name} ${size}`), limits)
  return seen
}
const failureOf = async (work: Promise<unknown>) => {
  try {
    await work
  } catch (thrown) {
    return thrown as RegistryError
  }
  throw new Error('nothing was thrown')
}
const refused = async (work: Promise<unknown>, words: string) => {
  const failure = await failureOf(work)
  expect(failure).to.be.instanceOf(RegistryError)
  expect([failure.kind, failure.message]).to.deep.equal(['unprocessable', words])
}

describe('The tar reader', () => {
  it('lists every entry in the order of the archive, links and devices included, and follows none', async () => {
    const content = await archive([
      { name: 'package/', type: 'directory' },
      { name: 'package/a.txt', content: 'a' },
      { name: 'package/link', type: 'symlink', linkname: '/etc/passwd' },
      { name: 'package/hard', type: 'link', linkname: 'package/a.txt' },
      { name: 'package/pipe', type: 'fifo' },
      { name: '../up.txt', content: 'up' },
    ])
    expect(await listing(content)).to.deep.equal([
      'folder package/ 0',
      'file package/a.txt 1',
      'link package/link 0',
      'link package/hard 0',
      'special package/pipe 0',
      'file ../up.txt 2',
    ])
  })

  it('reads one named entry and leaves the rest of the archive unread', async () => {
    const noise = createHash('shake256', { outputLength: 2_000_000 }).digest()
    const whole = await tarball([
      { name: 'pkg/PKG-INFO', content: 'Name: pkg\n' },
      { name: 'pkg/noise', content: noise },
    ])
    const broken = inMemoryBytes(whole.subarray(0, whole.length - 1000))
    const found = await readTarEntry(broken, (name) => name.endsWith('/PKG-INFO'))
    expect(found?.name).to.equal('pkg/PKG-INFO')
    expect(Buffer.from(found?.content ?? []).toString()).to.equal('Name: pkg\n')
  })

  it('knows nothing of an entry that is not there', async () => {
    expect(await readTarEntry(await archive([{ name: 'a', content: 'a' }]), (name) => name === 'b')).to.equal(undefined)
  })

  it('reads names longer than a header holds', async () => {
    const name = `package/${'deep/'.repeat(60)}file.txt`
    expect(await listing(await archive([{ name, content: 'x' }]))).to.deep.equal([`file ${name} 1`])
  })

  it('reads content larger than its stream buffers', async () => {
    const large = Buffer.alloc(900_000, 'abcdefghij')
    const content = await archive([
      { name: 'skipped', content: large },
      { name: 'large', content: large },
    ])
    expect(Buffer.from((await readTarEntry(content, (name) => name === 'large'))?.content ?? []).equals(large)).to.equal(true)
  })

  it('refuses what is no gzip, and gzip that is no tar, cut short or followed by rubbish', async () => {
    const words = 'the file is not a readable gzipped tar archive'
    const whole = await tarball([{ name: 'a', content: 'a'.repeat(2000) }])
    await refused(listing(inMemoryBytes(Buffer.from('plain text'))), words)
    await refused(listing(inMemoryBytes(gzipSync(Buffer.alloc(1024, 'rubbish ')))), words)
    await refused(listing(inMemoryBytes(whole.subarray(0, whole.length - 20))), words)
    await refused(listing(inMemoryBytes(Buffer.concat([whole, Buffer.from('rubbish')]))), words)
    await refused(
      listing(inMemoryBytes(gzipSync((await packTar([{ name: 'a', content: 'a'.repeat(2000) }])).subarray(0, 1024)))),
      words,
    )
  })

  it('counts concatenated gzip members as the one archive that every client unpacks', async () => {
    const first = await packTar([{ name: 'package/package.json', content: '{}' }])
    const second = await packTar([{ name: 'package/package.json', content: '{"a":1}' }])
    const content = inMemoryBytes(Buffer.concat([gzipSync(first), gzipSync(second)]))
    expect(await listing(content)).to.deep.equal(['file package/package.json 2', 'file package/package.json 7'])
  })

  it('stops at each budget', async () => {
    const three = await archive(['a', 'b', 'c'].map((name) => ({ name, content: 'x'.repeat(600) })))
    await refused(listing(three, { entries: 2 }), 'the archive has more than 2 entries')
    await refused(listing(three, { bytes: 2000 }), 'the archive unpacks to more than 2000 bytes')
    await refused(
      readTarEntry(three, (name) => name === 'b', { entry: 599 }),
      '"b" in the archive is larger than 599 bytes',
    )
  })

  it('refuses bombs: zeros by their ratio, headers by their size', async () => {
    const zeros = inMemoryBytes(gzipSync(Buffer.alloc(32 * 1024 ** 2)))
    await refused(listing(zeros), 'the archive has more than 1048576 bytes of headers for one entry')
    const blown = await archive([{ name: 'zeros', content: Buffer.alloc(32 * 1024 ** 2) }])
    await refused(listing(blown), 'the archive unpacks to more than 200 times its size')
    const padded = await archive([{ name: 'a', content: 'a', pax: { comment: 'x'.repeat(1_200_000) } }])
    await refused(listing(padded), 'the archive has more than 1048576 bytes of headers for one entry')
  })

  it('passes on what the source or the visitor throws', async () => {
    const lost = new Error('the disk is gone')
    const source: Bytes = {
      size: 10,
      open: async () =>
        new Readable({
          read() {
            this.destroy(lost)
          },
        }),
      small: async () => undefined,
    }
    expect(await failureOf(listing(source))).to.equal(lost)
    const bug = new Error('a bug')
    const visit = async () => {
      throw bug
    }
    expect(await failureOf(walkTar(await archive([{ name: 'a', content: 'a' }]), visit))).to.equal(bug)
  })
})
