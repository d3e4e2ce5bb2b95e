import { deflateRawSync } from 'node:zlib'
import { expect } from 'chai'
import fc from 'fast-check'
import { RegistryError, walkZip } from '#core'
import { bytesOf } from '../../support/buffer-bytes.js'
import { buildZip, extraField, type ZipEntry, type ZipShape } from '../../support/zip-builder.js'

const hello: ZipEntry = { name: 'hello.txt', content: 'hello hello hello hello' }

async function refusal(entries: readonly ZipEntry[], shape: ZipShape = {}): Promise<string> {
  return refusalOf(buildZip(entries, shape))
}
async function refusalOf(content: Buffer, limits = {}): Promise<string> {
  try {
    await walkZip(bytesOf(content), limits)
  } catch (failure) {
    if (!(failure instanceof RegistryError)) throw failure
    expect(failure.kind).to.equal('invalid')
    return String(failure.detail['code'])
  }
  return 'none'
}

describe('walking a zip archive', () => {
  it('lists the members of an honest archive in file order', async () => {
    const content = buildZip([hello, { name: 'folder/', content: '', method: 0 }, { name: 'b.bin', content: 'abc', method: 0 }])
    expect(await walkZip(bytesOf(content))).to.deep.equal([
      { name: 'hello.txt', size: 23, compressedSize: 10 },
      { name: 'folder/', size: 0, compressedSize: 0 },
      { name: 'b.bin', size: 3, compressedSize: 3 },
    ])
  })

  it('takes an archive without members, an archive comment, and Zip64 records that agree', async () => {
    expect(await refusal([])).to.equal('none')
    expect(await refusal([hello], { comment: Buffer.from('made by hand') })).to.equal('none')
    expect(await refusal([hello], { zip64: {} })).to.equal('none')
    expect(await refusal([hello], { zip64: {}, end: { entries: 0xffff, size: 0xffffffff, offset: 0xffffffff } })).to.equal('none')
  })

  it('reads the same whatever pieces it arrives in', async () => {
    const content = buildZip([hello, { name: 'large', content: Buffer.alloc(200_000, 'x') }])
    for (const piece of [1, 7, 100]) expect(await walkZip(bytesOf(content, piece))).to.have.length(2)
  })

  it('inflates large members in pieces and holds them to size and checksum', async () => {
    const noise = Buffer.from(Array.from({ length: 300_000 }, (_, at) => (at * 7919) % 251))
    const large = { name: 'large', content: Buffer.concat([noise, Buffer.alloc(2_000_000)]) }
    expect(await refusal([large])).to.equal('none')
    const wrong = { local: { crc: 1 }, central: { crc: 1 } }
    expect(await refusal([{ ...large, ...wrong }])).to.equal('zip-crc')
    expect(await refusal([{ ...large, local: { size: 2_299_999 }, central: { size: 2_299_999 } }])).to.equal('zip-size')
    expect(await refusal([{ ...large, local: { size: 2_300_001 }, central: { size: 2_300_001 } }])).to.equal('zip-size')
  })

  it('refuses bytes behind the end of a compressed stream, few or many', async () => {
    const content = Buffer.alloc(100_000, 'abc')
    for (const rest of [1, 100, 400_000]) {
      const data = Buffer.concat([deflateRawSync(content), Buffer.alloc(rest, 'x')])
      expect(await refusal([{ name: 'padded', content, data }])).to.equal('zip-size')
    }
  })

  const cases: readonly [string, string, readonly ZipEntry[], ZipShape?][] = [
    ['bytes before the first record', 'zip-signature', [hello], { prefix: Buffer.from('MZxx') }],
    ['bytes between members and directory', 'zip-signature', [hello], { gap: Buffer.from('gap!') }],
    ['bytes behind the end', 'zip-trailing', [hello], { trailer: Buffer.from('x') }],
    ['a second archive behind the first', 'zip-trailing', [hello], { trailer: buildZip([hello]) }],
    ['an end record inside the archive comment', 'zip-end-twice', [hello], { comment: buildZip([]) }],
    ['a name twice', 'zip-name-twice', [hello, hello]],
    ['a member that the directory does not list', 'zip-count', [hello, { name: 'b' }], { unlisted: ['b'] }],
    ['a directory entry that points elsewhere', 'zip-offset', [{ ...hello, central: { offset: 1 } }]],
    ['another name in the directory', 'zip-differs', [{ ...hello, central: { name: 'hullo.txt' } }]],
    ['another size in the directory', 'zip-differs', [{ ...hello, central: { size: 9 } }]],
    ['another compressed size in the directory', 'zip-differs', [{ ...hello, central: { compressedSize: 1 } }]],
    ['another checksum in the directory', 'zip-differs', [{ ...hello, central: { crc: 1 } }]],
    ['a wrong checksum in both', 'zip-crc', [{ ...hello, local: { crc: 1 }, central: { crc: 1 } }]],
    ['content longer than it says', 'zip-size', [{ ...hello, local: { size: 5 }, central: { size: 5 } }]],
    ['content shorter than it says', 'zip-size', [{ ...hello, local: { size: 50 }, central: { size: 50 } }]],
    ['stored content of two sizes', 'zip-size', [{ ...hello, method: 0, local: { size: 5 } }]],
    ['compressed data that is none', 'zip-size', [{ ...hello, data: Buffer.from('not deflate at all') }]],
    ['a wrong count in the end record', 'zip-end', [hello], { end: { entries: 2 } }],
    ['a wrong size in the end record', 'zip-end', [hello], { end: { size: 1 } }],
    ['a wrong offset in the end record', 'zip-end', [hello], { end: { offset: 1 } }],
    ['all ones in the end record without Zip64', 'zip-end', [hello], { end: { offset: 0xffffffff } }],
    ['a Zip64 end without a locator', 'zip-locator', [hello], { zip64: { locator: false } }],
    ['a Zip64 locator that points elsewhere', 'zip-locator', [hello], { zip64: { locator: 3 } }],
    ['a Zip64 end longer than 44', 'zip-zip64-end', [hello], { zip64: { length: 52 } }],
    ['a comment on a member', 'zip-comment', [{ ...hello, comment: 'hi' }]],
    ['an encrypted member', 'zip-encrypted', [{ ...hello, flags: 0x0801 }]],
    ['a data descriptor', 'zip-descriptor', [{ ...hello, flags: 0x0808 }]],
    ['a method nobody reads', 'zip-method', [{ ...hello, local: { method: 12 }, central: { method: 12 } }]],
    ['a symbolic link', 'zip-link', [{ ...hello, mode: 0o120777 }]],
    [
      'two Zip64 extra fields',
      'zip-extra-twice',
      [{ ...hello, extra: Buffer.concat([extraField(1, Buffer.alloc(0)), extraField(1, Buffer.alloc(0))]) }],
    ],
    ['a Zip64 extra field of an odd length', 'zip-zip64-extra', [{ ...hello, extra: extraField(1, Buffer.alloc(12)) }]],
    [
      'a second name in an extra field',
      'zip-unicode-path',
      [{ ...hello, extra: extraField(0x7075, Buffer.from('\x01\0\0\0\0other')) }],
    ],
    ['an extra field that ends early', 'zip-extra', [{ ...hello, extra: Buffer.from([1, 2, 9, 0, 1]) }]],
    ['a name that climbs', 'zip-name', [{ name: 'a/../../b' }]],
    ['an absolute name', 'zip-name', [{ name: '/etc/passwd' }]],
    ['a backslash', 'zip-name', [{ name: 'a\\b' }]],
    ['a drive letter', 'zip-name', [{ name: 'C:b' }]],
    ['a zero byte in a name', 'zip-name', [{ name: 'a\0b' }]],
    ['a name that is not UTF-8', 'zip-name', [{ name: Buffer.from([0x61, 0xff]) }]],
    ['no name', 'zip-name', [{ name: '' }]],
  ]
  for (const [what, code, entries, shape] of cases) {
    it(`refuses ${what}`, async () => expect(await refusal(entries, shape)).to.equal(code))
  }

  it('refuses an archive that a tar reader would take too', async () => {
    const content = buildZip([{ name: 'a'.repeat(600), content: 'x' }])
    content.write('ustar', 257)
    expect(await refusalOf(content)).to.equal('zip-tar')
  })

  it('refuses overlapping members, however many a directory lists', async () => {
    const content = buildZip([hello, { ...hello, name: 'other.txt', central: { offset: 0, name: 'hello.txt' } }])
    expect(await refusalOf(content)).to.equal('zip-offset')
  })

  it('refuses an archive cut off anywhere', async () => {
    const content = buildZip([hello, { name: 'b', content: 'abc', method: 0 }])
    for (let length = 0; length < content.length; length++)
      expect(await refusalOf(content.subarray(0, length))).to.match(/^(zip-)?truncated$/)
  })

  it('counts members, plain bytes and the ratio while it reads', async () => {
    const many = buildZip(Array.from({ length: 11 }, (_, at) => ({ name: `f${at}` })))
    expect(await refusalOf(many, { entries: 10 })).to.equal('zip-entries')
    const bomb = buildZip([{ name: 'zeros', content: Buffer.alloc(3_000_000) }])
    expect(await refusalOf(bomb, { unpacked: 2_999_999 })).to.equal('zip-unpacked')
    expect(await refusalOf(bomb, { ratio: 50, ratioFloor: 1_000_000 })).to.equal('zip-ratio')
    expect(await refusalOf(bomb, { ratio: 5_000, ratioFloor: 1_000_000 })).to.equal('none')
  })

  it('never throws anything but a refusal, whatever byte is changed', async () => {
    const content = buildZip([hello, { name: 'b', content: 'abc', method: 0 }])
    await fc.assert(
      fc.asyncProperty(fc.nat(content.length - 1), fc.integer({ min: 1, max: 255 }), async (at, change) => {
        const changed = Buffer.from(content)
        changed[at] = (changed[at] ?? 0) ^ change
        await refusalOf(changed)
      }),
      { numRuns: 300 },
    )
  })
})
