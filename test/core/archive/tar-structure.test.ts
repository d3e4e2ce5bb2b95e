import { Readable } from 'node:stream'
import { gzipSync } from 'node:zlib'
import { expect } from 'chai'
import { type Bytes, RegistryError, type TarEntry, walkTarGz } from '#core'
import { tarChecksum } from '../../../core/archive/tar-header.js'
import { bytesOf } from '../../support/buffer-bytes.js'
import { packTar, type TarMember } from '../../support/tar-builder.js'

async function listed(content: Buffer): Promise<readonly Pick<TarEntry, 'name' | 'kind' | 'size'>[]> {
  const members: Pick<TarEntry, 'name' | 'kind' | 'size'>[] = []
  await walkTarGz(bytesOf(content), ({ name, kind, size }) => void members.push({ name, kind, size }))
  return members
}
const plain: TarMember = { name: 'a-1.0/a.py', content: 'print()' }

async function refusalOf(content: Buffer, limits = {}): Promise<string> {
  try {
    await walkTarGz(bytesOf(content, 100), () => undefined, limits)
  } catch (failure) {
    if (!(failure instanceof RegistryError)) throw failure
    expect(failure.kind).to.equal('invalid')
    return String(failure.detail['code'])
  }
  return 'none'
}
const refusal = async (...members: TarMember[]) => refusalOf(gzipSync(await packTar(members)))

/** A header block and what goes with it, as no packer writes them. */
function block(name: string, type: string, data: string, more: (header: Buffer) => void = () => {}): Buffer {
  const header = Buffer.alloc(512)
  header.write(name, 0)
  header.write('0000644\0', 100)
  header.write(`${Buffer.byteLength(data).toString(8).padStart(11, '0')}\0`, 124)
  header.write(type, 156)
  header.write('ustar\u000000', 257, 'latin1')
  more(header)
  header.write(`${tarChecksum(header).toString(8).padStart(6, '0')}\0 `, 148, 'latin1')
  return Buffer.concat([header, Buffer.from(data), Buffer.alloc((512 - (Buffer.byteLength(data) % 512)) % 512)])
}
const archived = (...blocks: readonly Buffer[]) => gzipSync(Buffer.concat([...blocks, Buffer.alloc(1024)]))
function pax(records: Readonly<Record<string, string>>): string {
  return Object.entries(records)
    .map(([key, value]) => {
      const rest = Buffer.byteLength(` ${key}=${value}\n`)
      const length = rest + String(rest + String(rest).length).length
      return `${length} ${key}=${value}\n`
    })
    .join('')
}

/** The header block of the first member, changed and summed anew. */
async function patched(change: (header: Buffer) => void): Promise<Buffer> {
  const tar = await packTar([plain])
  change(tar)
  tar.write(`${tarChecksum(tar.subarray(0, 512)).toString(8).padStart(6, '0')}\0 `, 148, 'latin1')
  return gzipSync(tar)
}

describe('walking a .tar.gz', () => {
  it('lists files, folders and links in order, long names included', async () => {
    const long = `a-1.0/${'d'.repeat(90)}/${'f'.repeat(120)}`
    const tar = await packTar([
      { name: 'a-1.0/', type: 'directory' },
      plain,
      { name: long, content: 'x' },
      { name: 'a-1.0/link', type: 'symlink', linkname: 'a.py' },
      { name: 'a-1.0/deep/up', type: 'symlink', linkname: '../a.py' },
      { name: 'a-1.0/hard', type: 'link', linkname: 'a-1.0/a.py' },
    ])
    expect(await listed(gzipSync(tar))).to.deep.equal([
      { name: 'a-1.0', kind: 'folder', size: 0 },
      { name: 'a-1.0/a.py', kind: 'file', size: 7 },
      { name: long, kind: 'file', size: 1 },
      { name: 'a-1.0/link', kind: 'link', size: 0 },
      { name: 'a-1.0/deep/up', kind: 'link', size: 0 },
      { name: 'a-1.0/hard', kind: 'link', size: 0 },
    ])
  })

  it('reads ./ as nothing', async () => {
    const tar = await packTar([
      { name: './', type: 'directory' },
      { name: './a/b', content: '' },
    ])
    expect((await listed(gzipSync(tar))).map(({ name }) => name)).to.deep.equal(['', 'a/b'])
  })

  const cases: readonly [string, string, TarMember][] = [
    ['a name that climbs', 'tar-name', { name: 'a/../../b', content: '' }],
    ['an absolute name', 'tar-name', { name: '/etc/passwd', content: '' }],
    ['a FIFO', 'tar-type', { name: 'a-1.0/pipe', type: 'fifo' }],
    ['a device', 'tar-type', { name: 'a-1.0/dev', type: 'character-device' }],
    ['a symbolic link that climbs', 'tar-link', { name: 'a-1.0/link', type: 'symlink', linkname: '../../etc/passwd' }],
    ['a symbolic link to a sibling of the root', 'tar-link', { name: 'a-1.0/link', type: 'symlink', linkname: '../b-1.0/x' }],
    ['an absolute link', 'tar-link', { name: 'a-1.0/link', type: 'symlink', linkname: '/etc/passwd' }],
    ['a hard link out of the root', 'tar-link', { name: 'a-1.0/hard', type: 'link', linkname: 'etc/passwd' }],
    ['a sparse member', 'tar-sparse', { name: 'a-1.0/s', content: 'x', pax: { 'GNU.sparse.major': '1' } }],
    ['two sizes for one member', 'tar-size', { name: 'a-1.0/s', content: 'x', pax: { size: '3' } }],
  ]
  for (const [what, code, member] of cases) it(`refuses ${what}`, async () => expect(await refusal(plain, member)).to.equal(code))

  it('refuses what some readers take for one name and others for another', async () => {
    const file = block('a/b', '0', 'x')
    const long = block('././@LongLink', 'L', 'a/long\0')
    const path = block('a/x', 'x', pax({ path: 'a/pax' }))
    for (const [what, code, archive] of [
      ['a long name and a PAX path', 'tar-name', archived(long, path, file)],
      ['a PAX path and a long name', 'tar-name', archived(path, long, file)],
      ['two PAX headers', 'tar-name', archived(path, path, file)],
      ['a record within a record', 'tar-pax', archived(block('a/x', 'x', pax({ comment: 'x\n16 path=a/evil' })), file)],
      ['a file that ends in a slash', 'tar-type', archived(block('a/b/', '0', 'x'))],
      ['an old file that ends in a slash', 'tar-type', archived(block('a/b/', '\0', 'x'))],
      ['a link with a size', 'tar-size', archived(block('a/b', '2', 'x', (header) => header.write('a/c', 157)))],
      ['a prefix that begins late', 'tar-prefix', archived(block('a/b', '0', 'x', (header) => header.write('a', 475)))],
      [
        'a prefix of another ustar',
        'tar-prefix',
        archived(block('b', '0', 'x', (header) => void (header.write('a', 345) + header.write('  ', 263)))),
      ],
      ['a line behind the end of a name', 'tar-name', archived(block('a/b\0\nc', '0', 'x'))],
    ] as const)
      expect(await refusalOf(archive), what).to.equal(code)
    expect(await refusalOf(archived(long, file))).to.equal('none')
    expect(
      await listed(
        archived(
          path,
          file,
          block('a/d/', '0', ''),
          block('c', '7', 'y', (header) => header.write('p', 345)),
        ),
      ),
    ).to.deep.equal([
      { name: 'a/pax', kind: 'file', size: 1 },
      { name: 'a/d', kind: 'folder', size: 0 },
      { name: 'p/c', kind: 'file', size: 1 },
    ])
  })

  it('hands out the content of the members that are asked for, whole or as it arrives, and stops where it is told to', async () => {
    const large = Buffer.alloc(900_000, 'abcdefghij')
    const content = gzipSync(
      await packTar([
        { name: 'a/skipped', content: large },
        { name: 'a/whole', content: large },
        { name: 'a/piece', content: large },
        { name: 'a/last', content: 'last' },
      ]),
    )
    const seen: string[] = []
    await walkTarGz(bytesOf(content), async (entry) => {
      seen.push(entry.written)
      if (entry.name === 'a/whole') expect((await entry.read()).equals(large)).to.equal(true)
      if (entry.name !== 'a/piece') return
      const chunks: Buffer[] = []
      for await (const chunk of entry.open()) chunks.push(chunk as Buffer)
      expect(Buffer.concat(chunks).equals(large)).to.equal(true)
      expect(chunks.length).to.be.above(1)
    })
    expect(seen).to.deep.equal(['a/skipped', 'a/whole', 'a/piece', 'a/last'])
    const broken = content.subarray(0, content.length - 9)
    const first: string[] = []
    await walkTarGz(bytesOf(broken), ({ name }) => first.push(name) < 2)
    expect(first).to.deep.equal(['a/skipped', 'a/whole'])
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
    const thrown = (walking: Promise<unknown>) =>
      walking.then(
        () => undefined,
        (failure: unknown) => failure,
      )
    expect(await thrown(walkTarGz(source, () => undefined))).to.equal(lost)
    const bug = new Error('a bug')
    const content = bytesOf(gzipSync(await packTar([plain])))
    expect(await thrown(walkTarGz(content, () => Promise.reject(bug)))).to.equal(bug)
  })

  it('reads a name that is mostly slashes as fast as another', async () => {
    const tar = await packTar([{ ...plain, name: `${'a'.repeat(400_000)}b` }])
    tar.fill('/', tar.indexOf('path=') + 'path=a'.length, tar.indexOf('b\n'))
    const [member] = await listed(gzipSync(tar))
    expect(member).to.deep.equal({ name: `a${'/'.repeat(399_999)}b`, kind: 'file', size: 7 })
  })

  it('refuses a GNU sparse member and a type nobody knows', async () => {
    expect(await refusalOf(await patched((header) => header.write('S', 156)))).to.equal('tar-type')
    expect(await refusalOf(await patched((header) => header.write('Z', 156)))).to.equal('tar-type')
  })

  it('refuses a header whose checksum or number is wrong', async () => {
    const tar = await packTar([plain])
    tar.write('b', 0)
    expect(await refusalOf(gzipSync(tar))).to.equal('tar-checksum')
    expect(await refusalOf(await patched((header) => header.write('zz', 124)))).to.equal('tar-number')
  })

  it('refuses what is not one gzip member from end to end', async () => {
    const tar = await packTar([plain])
    const one = gzipSync(tar)
    expect(await refusalOf(Buffer.concat([one, Buffer.from('x')]))).to.equal('gzip-trailing')
    expect(await refusalOf(Buffer.concat([one, gzipSync('more')]))).to.equal('gzip-trailing')
    expect(await refusalOf(Buffer.concat([one, Buffer.alloc(300_000)]))).to.equal('gzip-trailing')
    expect(await refusalOf(one.subarray(0, -9))).to.match(/^gzip-/)
    expect(await refusalOf(Buffer.from('no archive at all'))).to.equal('gzip-gzip')
    const wrong = Buffer.from(one)
    wrong.writeUInt32LE(1, wrong.length - 8)
    expect(await refusalOf(wrong)).to.equal('gzip-crc')
  })

  it('refuses bytes behind the end of the tar', async () => {
    expect(await refusalOf(gzipSync(Buffer.concat([await packTar([plain]), Buffer.from('more')])))).to.equal('tar-trailing')
  })

  it('counts members, plain bytes, headers and the ratio while it reads', async () => {
    const zeros = gzipSync(await packTar([{ name: 'a/zeros', content: Buffer.alloc(3_000_000) }]))
    expect(await refusalOf(zeros, { unpacked: 2_000_000 })).to.equal('tar-unpacked')
    expect(await refusalOf(zeros, { ratio: 50, ratioFloor: 1_000_000 })).to.equal('tar-ratio')
    const many = gzipSync(await packTar([plain, { ...plain, name: 'a-1.0/b' }, { ...plain, name: 'a-1.0/c' }]))
    expect(await refusalOf(many, { entries: 2 })).to.equal('tar-entries')
    let code: unknown
    await walkTarGz(bytesOf(many), (entry) => entry.read(), { entry: 6 }).catch(({ detail }: RegistryError) => {
      code = detail['code']
    })
    expect(code).to.equal('tar-entry')
    const headers = gzipSync(await packTar([{ ...plain, pax: { comment: 'x'.repeat(5_000) } }]))
    expect(await refusalOf(headers, { headers: 4_000 })).to.equal('tar-headers')
    expect(await refusalOf(headers)).to.equal('none')
  })
})
