import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { crc32, deflateRawSync, gzipSync } from 'node:zlib'
import { expect } from 'chai'
import type { Answer, House } from '../support/house.js'
import { packed } from '../support/npm-package.js'
import { buildSdist } from '../support/sdist-builder.js'
import { packTar, type TarMember, tarball } from '../support/tar-builder.js'
import { type BuiltFile, buildWheel } from '../support/wheel-builder.js'
import { buildZip, type ZipEntry } from '../support/zip-builder.js'
import { openShelves, publish, timed, untouched, upload } from './shelves.js'

const manifest = { name: 'bomb', version: '1.0.0' }
const packageJson = { name: 'package/package.json', content: JSON.stringify(manifest) }
const pkgInfo = { name: 'bomb-1.0.0/PKG-INFO', content: 'Metadata-Version: 2.1\nName: bomb\nVersion: 1.0.0\n' }

const sdistOf = (content: Buffer, extension = '.tar.gz'): BuiltFile => ({
  filename: `bomb-1.0.0${extension}`,
  content,
  sha256: createHash('sha256').update(content).digest('hex'),
  metadata: '',
  metadataSha256: '',
})

/** A tar header whose size may be a lie. */
function header(name: string, size: number, type = '0'): Buffer {
  const block = Buffer.alloc(512)
  block.write(name, 0)
  block.write('0000644\0', 100)
  block.write('0000000\0', 108)
  block.write('0000000\0', 116)
  block.write(`${size.toString(8).padStart(11, '0')} `, 124)
  block.write('00000000000 ', 136)
  block.write('        ', 148)
  block.write(type, 156)
  block.write('ustar\x0000', 257, 'latin1')
  const sum = block.reduce((total, byte) => total + byte, 0)
  block.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148)
  return block
}

/** Resident memory above where it began, in MiB; what the test itself makes is made before. */
async function growth<Result>(run: () => Promise<Result>): Promise<{ readonly result: Result; readonly mebibytes: number }> {
  const before = process.memoryUsage.rss()
  let most = before
  const watch = setInterval(() => {
    most = Math.max(most, process.memoryUsage.rss())
  }, 5)
  try {
    const result = await run()
    return { result, mebibytes: (Math.max(most, process.memoryUsage.rss()) - before) / 1024 / 1024 }
  } finally {
    clearInterval(watch)
  }
}

describe('archives that are weapons', function () {
  this.timeout(120_000)
  let house: House
  before(async () => {
    house = await openShelves()
    // What is loaded at first use does not count as growth.
    expect((await upload(house, buildWheel({ name: 'warm', version: '1.0' }), 'warm', '1.0')).status).to.equal(200)
    expect((await publish(house, { name: 'warm', version: '1.0.0' })).status).to.equal(201)
  })
  after(() => house.close())

  const refused = async (what: string, send: () => Promise<Answer>, words?: RegExp) => {
    const { result, took, mebibytes } = await untouched(house, async () => {
      const { result: inner, mebibytes } = await growth(() => timed(send))
      return { ...inner, mebibytes }
    })
    expect(result.status, `${what}: ${result.text()}`).to.be.oneOf([400, 413, 422])
    if (words) expect(result.text()).to.match(words)
    expect(took, what).to.be.lessThan(20_000)
    expect(mebibytes, what).to.be.lessThan(300)
  }

  describe('U7: zip', () => {
    const thousand = () => {
      // 80 MiB of zeros in 80 KiB.
      const content = Buffer.alloc(80 * 1024 * 1024)
      return { name: 'bomb/zeros.bin', content, data: deflateRawSync(content) }
    }
    const crowd = (): readonly ZipEntry[] =>
      Array.from({ length: 70_000 }, (_, at) => ({ name: `bomb/${at}`, content: '', method: 0 as const }))
    /** Every entry of the directory points at the one member. */
    const quoted = (): readonly ZipEntry[] => {
      const content = Buffer.alloc(1024 * 1024)
      const data = deflateRawSync(content)
      const claims = { size: content.length, compressedSize: data.length, crc: crc32(content), method: 8 }
      const twin = { name: 'bomb/a', content, data }
      return [twin, { name: 'bomb/b', content: '', method: 0, central: { ...claims, name: 'bomb/b', offset: 0 } }]
    }
    // More than an end record counts: the Zip64 record says how many.
    const counted = { end: { entries: 65_535 }, zip64: {} }
    for (const [what, entries, shape] of [
      ['a ratio of a thousand', () => [thousand()], {}],
      ['70,000 entries', crowd, counted],
      ['entries that overlap', quoted, {}],
    ] as const) {
      it(`as a wheel with ${what} is refused quickly and in little memory`, async () => {
        const file = buildWheel({ ...manifest, entries: entries(), shape })
        await refused(what, () => upload(house, file, 'bomb', '1.0.0'), /^Invalid distribution file\. /)
      })
      it(`as a source distribution with ${what} is refused quickly and in little memory`, async () => {
        const named = entries().map((entry) => ({ ...entry, name: `bomb-1.0.0/${String(entry.name)}` }))
        const file = sdistOf(buildZip([pkgInfo, ...named], shape), '.zip')
        await refused(what, () => upload(house, file, 'bomb', '1.0.0'), /^Invalid distribution file\. /)
      })
    }
  })

  describe('U8: tar.gz', () => {
    const first = (member: TarMember) => packTar([member]).then((tar) => tar.subarray(0, -1024))
    const zeros = async (member: TarMember, folder: string) =>
      gzipSync(Buffer.concat([await first(member), header(`${folder}/zeros`, 0o77777777777), Buffer.alloc(256 * 1024 * 1024)]), {
        level: 1,
      })
    const crowd = async (member: TarMember, folder: string) => {
      const one = header(`${folder}/e`, 0)
      return gzipSync(Buffer.concat([await first(member), ...Array.from({ length: 150_000 }, () => one), Buffer.alloc(1024)]), {
        level: 1,
      })
    }
    const pax = async (member: TarMember, folder: string) =>
      gzipSync(
        Buffer.concat([
          header('PaxHeader', 100 * 1024 * 1024, 'x'),
          Buffer.alloc(100 * 1024 * 1024, 'a'),
          header(`${folder}/x`, 0),
          await first(member),
          Buffer.alloc(1024),
        ]),
        { level: 1 },
      )
    for (const [what, build] of [
      ['8 GiB of zeros, promised', zeros],
      ['150,000 empty entries', crowd],
      ['a PAX header of 100 MiB', pax],
    ] as const) {
      it(`as a source distribution with ${what} is refused quickly and in little memory`, async () => {
        const file = sdistOf(await build(pkgInfo, 'bomb-1.0.0'))
        await refused(what, () => upload(house, file, 'bomb', '1.0.0'), /^Invalid distribution file\. /)
      })
      it(`as a package with ${what} is refused quickly and in little memory`, async () => {
        const file = await build(packageJson, 'package')
        await refused(what, () => publish(house, manifest, { file }))
      })
    }

    it('in two gzip members is refused', async () => {
      const tar = await packTar([packageJson])
      const file = Buffer.concat([gzipSync(tar.subarray(0, 512)), gzipSync(tar.subarray(512))])
      await refused('two members', () => publish(house, manifest, { file }))
      const sdist = await packTar([pkgInfo])
      const two = sdistOf(Buffer.concat([gzipSync(sdist.subarray(0, 512)), gzipSync(sdist.subarray(512))]))
      await refused('two members', () => upload(house, two, 'bomb', '1.0.0'), /^Invalid distribution file\. /)
    })
  })

  describe('U10: links, devices and paths out of the folder', () => {
    const escapes: readonly TarMember[] = [
      { name: 'root/link', type: 'symlink', linkname: '../../../../../../tmp/cloudrepo-escape' },
      { name: 'root/hard', type: 'link', linkname: '/etc/passwd' },
      { name: 'root/device', type: 'character-device' },
      { name: '/tmp/cloudrepo-escape', content: 'out' },
      { name: '../../../tmp/cloudrepo-escape', content: 'out' },
    ]
    for (const member of escapes) {
      it(`${member.type ?? 'file'} ${member.name}: refused by PyPI, kept as sent by npm, which never unpacks it`, async () => {
        const inside = (folder: string) => ({ ...member, name: member.name.replace(/^root/, folder) })
        const file = await buildSdist({ ...manifest, members: [inside('bomb-1.0.0')] })
        await refused('sdist', () => upload(house, file, 'bomb', '1.0.0'))
        const version = `2.0.${escapes.indexOf(member)}`
        const whole = await packed({ name: 'links', version }, [inside('package')])
        const answer = await publish(house, { name: 'links', version }, { file: whole })
        expect(answer.status).to.be.oneOf([201, 400, 422])
        if (answer.status === 201)
          expect((await house.call('GET', `/acme/js/links/-/links-${version}.tgz`)).body.equals(whole)).to.equal(true)
        expect(existsSync('/tmp/cloudrepo-escape')).to.equal(false)
      })
    }
  })

  it('U9: a wheel whose directory and members disagree is refused in PyPI’s words', async () => {
    const wrong = (options: Parameters<typeof buildWheel>[0]) =>
      refused('U9', () => upload(house, buildWheel(options), 'bomb', '1.0.0'), /^Invalid distribution file\. /)
    const extra = { name: 'bomb/extra.py', content: 'x' }
    await wrong({ ...manifest, entries: [{ ...extra, central: { name: 'bomb/other.py' } }] })
    await wrong({ ...manifest, entries: [{ ...extra, local: { size: 7 } }] })
    await wrong({ ...manifest, entries: [extra, extra] })
    await wrong({ ...manifest, shape: { trailer: buildZip([]) } })
    await wrong({ ...manifest, shape: { zip64: { locator: 7 } } })
    await wrong({ ...manifest, shape: { trailer: Buffer.from('x') } })
  })

  it('U11: a package.json that is not what was published is refused', async () => {
    const file = await tarball([{ name: 'package/package.json', content: JSON.stringify({ ...manifest, version: '9.9.9' }) }])
    await refused('version', () => publish(house, { ...manifest, version: '3.0.0' }, { file }))
    const scripts = await packed({ ...manifest, version: '3.0.0', scripts: { postinstall: 'curl evil' } })
    await refused('scripts', () => publish(house, { ...manifest, version: '3.0.0' }, { file: scripts }))
    const dependencies = await packed({ ...manifest, version: '3.0.0', dependencies: { evil: '1.0.0' } })
    await refused('dependencies', () => publish(house, { ...manifest, version: '3.0.0' }, { file: dependencies }))
  })
})
