import { createHash } from 'node:crypto'
import { gzipSync } from 'node:zlib'
import { expect } from 'chai'
import type { House } from '../../support/house.js'
import { buildSdist } from '../../support/sdist-builder.js'
import { packTar, type TarMember } from '../../support/tar-builder.js'
import { type BuiltFile, buildWheel, coreMetadata, type WheelOptions } from '../../support/wheel-builder.js'
import { buildZip, extraField, type ZipEntry, type ZipShape } from '../../support/zip-builder.js'
import { openPypiHouse, upload } from './pypi-house.js'

const entry = (more: Partial<ZipEntry>): ZipEntry => ({ name: 'bard/x.py', content: 'hello world', ...more })
const wheelOf = (entries: readonly ZipEntry[], shape: ZipShape = {}) =>
  buildWheel({ name: 'bard', version: '1.0', entries, shape })
const digested = (filename: string, content: Buffer): BuiltFile => ({
  ...{ filename, content, metadata: '', metadataSha256: '' },
  sha256: createHash('sha256').update(content).digest('hex'),
})
const pkgInfo = { name: 'bard-1.0/PKG-INFO', content: coreMetadata({ name: 'bard', version: '1.0' }) }
const sdistOf = (content: Buffer) => digested('bard-1.0.tar.gz', content)
const sdistWith = async (member: TarMember) => sdistOf(gzipSync(await packTar([pkgInfo, member])))
const zipped = (entries: readonly ZipEntry[]) => digested('bard-1.0.zip', buildZip([pkgInfo, ...entries]))

const zips: readonly (readonly [string, readonly ZipEntry[], ZipShape?])[] = [
  ['bytes before the first record', [], { prefix: Buffer.from('MZ') }],
  ['bytes between members and directory', [], { gap: Buffer.from('gap!') }],
  ['bytes behind the end', [], { trailer: Buffer.from('x') }],
  ['another archive behind the end', [], { trailer: buildZip([entry({})]) }],
  ['two end records', [], { comment: buildZip([]) }],
  ['a tar before the first record', [], { prefix: Buffer.concat([Buffer.alloc(257), Buffer.from('ustar'), Buffer.alloc(250)]) }],
  ['a name twice', [entry({}), entry({})]],
  ['a member that the directory does not list', [entry({ name: 'bard/y.py' })], { unlisted: ['bard/y.py'] }],
  ['another name in the directory', [entry({ central: { name: 'bard/z.py' } })]],
  ['another size in the directory', [entry({ central: { size: 3 } })]],
  ['another compressed size in the directory', [entry({ central: { compressedSize: 3 } })]],
  ['another checksum in the directory', [entry({ central: { crc: 3 } })]],
  ['another offset in the directory', [entry({ central: { offset: 3 } })]],
  ['a wrong count in the end record', [], { end: { entries: 2 } }],
  ['a wrong size in the end record', [], { end: { size: 2 } }],
  ['a wrong offset in the end record', [], { end: { offset: 2 } }],
  ['a Zip64 end without a locator', [], { zip64: { locator: false } }],
  ['a Zip64 locator that points elsewhere', [], { zip64: { locator: 3 } }],
  ['a Zip64 end that is too long', [], { zip64: { length: 60 } }],
  ['a Zip64 field of an odd length', [entry({ extra: extraField(1, Buffer.alloc(12)) })]],
  ['a Zip64 field twice', [entry({ extra: Buffer.concat([extraField(1, Buffer.alloc(0)), extraField(1, Buffer.alloc(0))]) })]],
  ['a comment on a member', [entry({ comment: 'hi' })]],
  ['an encrypted member', [entry({ flags: 0x0801 })]],
  ['a data descriptor', [entry({ flags: 0x0808 })]],
  ['a method that is neither', [entry({ local: { method: 12 }, central: { method: 12 } })]],
  ['a symbolic link', [entry({ mode: 0o120777 })]],
  ['a name that climbs', [entry({ name: '../evil.py' })]],
  ['an absolute name', [entry({ name: '/etc/passwd' })]],
  ['a backslash in a name', [entry({ name: 'bard\\evil.py' })]],
  ['a drive letter', [entry({ name: 'C:evil.py' })]],
  ['a NUL in a name', [entry({ name: 'bard/a\0b' })]],
  ['a name that is not UTF-8', [entry({ name: Buffer.from([0x62, 0xff]) })]],
  ['a wrong checksum', [entry({ local: { crc: 3 }, central: { crc: 3 } })]],
  ['data that inflates to more', [entry({ local: { size: 3 }, central: { size: 3 } })]],
  ['data that inflates to less', [entry({ local: { size: 99 }, central: { size: 99 } })]],
  ['data that does not inflate', [entry({ data: Buffer.from('no deflate') })]],
]

const tars: readonly (readonly [string, TarMember])[] = [
  ['a name that climbs', { name: 'bard-1.0/../../evil', content: '' }],
  ['an absolute name', { name: '/etc/passwd', content: '' }],
  ['a second root', { name: 'other/x', content: '' }],
  ['a FIFO', { name: 'bard-1.0/pipe', type: 'fifo' }],
  ['a device', { name: 'bard-1.0/dev', type: 'character-device' }],
  ['a symbolic link out of the root', { name: 'bard-1.0/link', type: 'symlink', linkname: '../../etc/passwd' }],
  ['a symbolic link to an absolute path', { name: 'bard-1.0/link', type: 'symlink', linkname: '/etc/passwd' }],
  ['a hard link out of the root', { name: 'bard-1.0/link', type: 'link', linkname: 'etc/passwd' }],
  ['a sparse member', { name: 'bard-1.0/s', content: 'x', pax: { 'GNU.sparse.major': '1' } }],
  ['two sizes of one member', { name: 'bard-1.0/s', content: 'x', pax: { size: '3' } }],
  ['PKG-INFO twice', pkgInfo],
]

describe('archives that no two readers would read alike', () => {
  let house: House
  before(async () => {
    house = await openPypiHouse()
  })
  after(() => house.close())

  const refused = async (file: BuiltFile) => {
    const answer = await upload(house, file, 'bard', '1.0')
    expect(answer.status, answer.text()).to.equal(400)
    expect(answer.reason).to.match(/^Invalid distribution file\. [A-Z]/)
    expect(answer.text()).to.equal(`${answer.reason}\n`)
    expect([await house.storedFiles(), await house.storedDocuments(), await house.storedBlobs()]).to.deep.equal([[], [], 0])
  }

  for (const [what, entries, shape] of zips) it(`as a wheel with ${what} are refused`, () => refused(wheelOf(entries, shape)))
  for (const [what, member] of tars) it(`as a .tar.gz with ${what} are refused`, async () => refused(await sdistWith(member)))
  for (const [what, entries] of zips.slice(0, 33).filter(([, all, shape]) => all.length > 0 && shape === undefined))
    it(`as a .zip with ${what} are refused`, () => refused(zipped(entries)))

  const streams: readonly (readonly [string, (tar: Buffer) => Buffer])[] = [
    ['of two members', (tar) => Buffer.concat([gzipSync(tar), gzipSync(tar)])],
    ['with bytes behind it', (tar) => Buffer.concat([gzipSync(tar), Buffer.from('x')])],
    ['with bytes behind the end of the tar', (tar) => gzipSync(Buffer.concat([tar, Buffer.from('x')]))],
    ['that is cut off', (tar) => gzipSync(tar).subarray(0, -4)],
    ['of nothing', () => gzipSync(Buffer.alloc(0))],
    ['that is none', (tar) => tar],
  ]
  for (const [what, make] of streams)
    it(`as a gzip stream ${what} are refused`, async () => refused(sdistOf(make(await packTar([pkgInfo])))))

  const wheels: readonly (readonly [string, Partial<WheelOptions>, RegExp])[] = [
    ['no METADATA', { without: ['METADATA'] }, /does not contain the required METADATA file: bard-1\.0\.dist-info\/METADATA$/],
    ['no WHEEL', { without: ['WHEEL'] }, /does not contain the required WHEEL file: bard-1\.0\.dist-info\/WHEEL$/],
    ['no RECORD', { without: ['RECORD'] }, /does not contain the required RECORD file: bard-1\.0\.dist-info\/RECORD$/],
    ['another .dist-info', { distInfo: 'lute-1.0.dist-info' }, /required METADATA file: bard-1\.0\.dist-info\/METADATA$/],
    ['entry points that are no INI', { files: { 'bard-1.0.dist-info/entry_points.txt': 'x' } }, /Malformed entry_points\.txt$/],
    [
      'a licence file that is not there',
      { metadata: 'Metadata-Version: 2.4\nName: bard\nVersion: 1.0\nLicense-File: LICENSE\n' },
      /^400 License-File LICENSE does not exist in distribution file bard-1\.0-py3-none-any\.whl at bard-1\.0\.dist-info\/licenses\/LICENSE$/,
    ],
  ]
  for (const [what, options, words] of wheels)
    it(`as a wheel with ${what} are refused`, async () => {
      const answer = await upload(house, buildWheel({ name: 'bard', version: '1.0', ...options }), 'bard', '1.0')
      expect(`${answer.status} ${answer.reason}`).to.match(words)
      expect(await house.storedBlobs()).to.equal(0)
    })

  it('are told from those that are odd and fine', async () => {
    const stored: ZipEntry = entry({ method: 0 })
    expect((await upload(house, wheelOf([stored], { comment: Buffer.from('made by hand') }), 'bard', '1.0')).status).to.equal(200)
    const linked = { name: 'lute-1.0/link', type: 'symlink', linkname: 'PKG-INFO' } as const
    const sdist = await buildSdist({ name: 'lute', version: '1.0', members: [linked] })
    expect((await upload(house, sdist, 'lute', '1.0')).status).to.equal(200)
  })
})
