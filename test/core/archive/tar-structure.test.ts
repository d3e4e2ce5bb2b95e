import { gzipSync } from 'node:zlib'
import { expect } from 'chai'
import { RegistryError, walkTarGz } from '#core'
import { tarChecksum } from '../../../core/archive/tar-header.js'
import { bytesOf } from '../../support/buffer-bytes.js'
import { packTar, type TarMember } from '../../support/tar-builder.js'

const plain: TarMember = { name: 'a-1.0/a.py', content: 'print()' }

async function refusalOf(content: Buffer, limits = {}): Promise<string> {
  try {
    await walkTarGz(bytesOf(content, 100), limits)
  } catch (failure) {
    if (!(failure instanceof RegistryError)) throw failure
    expect(failure.kind).to.equal('invalid')
    return String(failure.detail['code'])
  }
  return 'none'
}
const refusal = async (...members: TarMember[]) => refusalOf(gzipSync(await packTar(members)))

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
    expect(await walkTarGz(bytesOf(gzipSync(tar)))).to.deep.equal([
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
    expect((await walkTarGz(bytesOf(gzipSync(tar)))).map(({ name }) => name)).to.deep.equal(['', 'a/b'])
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

  it('reads a name that is mostly slashes as fast as another', async () => {
    const tar = await packTar([{ ...plain, name: `${'a'.repeat(400_000)}b` }])
    tar.fill('/', tar.indexOf('path=') + 'path=a'.length, tar.indexOf('b\n'))
    const [member] = await walkTarGz(bytesOf(gzipSync(tar)))
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
    const headers = gzipSync(await packTar([{ ...plain, pax: { comment: 'x'.repeat(5_000) } }]))
    expect(await refusalOf(headers, { headers: 4_000 })).to.equal('tar-headers')
    expect(await refusalOf(headers)).to.equal('none')
  })
})
