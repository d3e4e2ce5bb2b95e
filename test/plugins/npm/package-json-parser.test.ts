import { gzipSync } from 'node:zlib'
import { expect } from 'chai'
import { RegistryError } from '#core'
import { tarChecksum } from '../../../core/archive/tar-header.js'
import { packageJsonParser, type TarballFacts } from '../../../plugins/npm/package-json-parser.js'
import { inMemoryBytes } from '../../support/in-memory-bytes.js'
import { packed } from '../../support/npm-package.js'
import { packTar, type TarMember, tarball } from '../../support/tar-builder.js'

const manifest = { name: '@acme/bar', version: '1.0.0' }
const root = { name: 'package/package.json', content: JSON.stringify(manifest) }
const parse = async (content: Uint8Array) =>
  (await packageJsonParser.parse(inMemoryBytes(content), '@acme/bar/-/bar-1.0.0.tgz')) as TarballFacts
const refused = async (members: readonly TarMember[], words: string) => {
  let failure: unknown
  try {
    await parse(await tarball(members))
  } catch (thrown) {
    failure = thrown
  }
  expect(failure).to.be.instanceOf(RegistryError)
  expect([(failure as RegistryError).kind, (failure as RegistryError).message]).to.deep.equal(['unprocessable', words])
}

describe('npm: what a tarball says', () => {
  it('claims tarballs alone', () => {
    expect(packageJsonParser.claims('foo/-/foo-1.0.0.tgz')).to.equal(true)
    expect(packageJsonParser.claims('foo/-/foo-1.0.0.txt')).to.equal(false)
  })

  it('reads package.json, counts files and bytes, and sees what installing will do', async () => {
    const full = {
      ...manifest,
      description: 'd',
      license: 'MIT',
      dependencies: { a: '^1.0.0' },
      scripts: { test: 'mocha' },
      keywords: ['k'],
    }
    const file = await packed(full, [
      { name: 'package/binding.gyp', content: '{}' },
      { name: 'package/npm-shrinkwrap.json', content: '{}' },
      { name: 'package/deep/package.json', content: 'not JSON, and nobody minds' },
    ])
    expect(await parse(file)).to.deep.equal({
      name: '@acme/bar',
      version: '1.0.0',
      description: 'd',
      license: 'MIT',
      tarball: {
        fields: { name: '@acme/bar', dependencies: { a: '^1.0.0' }, scripts: { test: 'mocha' } },
        fileCount: 5,
        unpackedSize: JSON.stringify(full).length + 'module.exports = "1.0.0"\n'.length + 4 + 26,
        hasGyp: true,
        hasShrinkwrap: true,
      },
    })
  })

  it('finds package.json whatever the folder is called', async () => {
    expect((await parse(await tarball([{ ...root, name: 'bar-1.0.0/package.json' }]))).name).to.equal('@acme/bar')
  })

  it('refuses a tarball without exactly one package.json at its root', async () => {
    await refused([{ name: 'package/index.js', content: '' }], 'the tarball has no package.json at its root')
    await refused([{ ...root, name: 'package.json' }], 'the tarball has no package.json at its root')
    await refused([root, { ...root, name: 'other/package.json' }], 'the tarball has more than one package.json at its root')
    await refused([{ ...root, name: './package.json' }, root], 'the tarball has more than one package.json at its root')
    await refused(
      [{ name: 'package/package.json', type: 'symlink', linkname: 'index.js' }],
      'the tarball has no package.json at its root',
    )
  })

  it('refuses what some client or file system would write over the package.json that was read', async () => {
    for (const name of ['package/./package.json', 'package//package.json', 'other/././/package.json', 'package/Package.JSON'])
      for (const members of [
        [root, { ...root, name }],
        [{ ...root, name }, root],
      ])
        await refused(members, 'the tarball has more than one package.json at its root')
    const link: TarMember = { name: 'package/package.json', type: 'link', linkname: 'package/other.json' }
    await refused([root, link], 'the tarball has more than one package.json at its root')
    await refused([link, root], 'the tarball has more than one package.json at its root')
  })

  it('sees what installing will do however its path is written', async () => {
    const { tarball: facts } = await parse(await tarball([root, { name: 'package/.//binding.gyp', content: '' }]))
    expect(facts.hasGyp).to.equal(true)
  })

  it('refuses a package.json that is none', async () => {
    await refused([{ ...root, content: 'nonsense' }], 'the package.json in the tarball is not JSON')
    await refused([{ ...root, content: Buffer.from([0xff, 0xfe]) }], 'the package.json in the tarball is not JSON')
    await refused([{ ...root, content: '[]' }], 'the package.json in the tarball is not an object')
    await refused([{ ...root, content: '{"name":"x"}' }], 'the package.json in the tarball has no name and version')
    await refused(
      [{ ...root, content: ' '.repeat(1024 ** 2 + 1) }],
      'the tarball is not taken: "package/package.json" in the archive is larger than 1048576 bytes',
    )
  })

  it('refuses entries that would land outside, or elsewhere on another system, and devices', async () => {
    const climbs = 'Member name leaves the archive: '
    for (const [name, says] of [
      ['/etc/passwd', 'Absolute member name: /etc/passwd'],
      ['package/../../x', `${climbs}package/../../x`],
      ['../x', `${climbs}../x`],
      ['package\\..\\x', 'Backslash in a member name: package\\..\\x'],
      ['package\\package.json', 'Backslash in a member name: package\\package.json'],
      ['C:/x', 'Absolute member name: C:/x'],
    ] as const)
      await refused([root, { name, content: 'x' }], `the tarball is not taken: ${says}`)
    await refused(
      [root, { name: 'package/link', type: 'symlink', linkname: '/etc/passwd' }],
      'the tarball is not taken: Link leaves the archive: package/link',
    )
    await refused(
      [root, { name: 'package/pipe', type: 'fifo' }],
      'the tarball is not taken: Member is no file, folder or link: package/pipe',
    )
  })

  it('refuses an entry whose name one reader takes from a long-name record and another from PAX', async () => {
    const long = (await packTar([{ name: 'package/index.js', content: '' }])).subarray(0, 512)
    const name = Buffer.from('package/package.json\0')
    long.write('L', 156)
    long.write(`${name.length.toString(8).padStart(11, '0')}\0`, 124)
    long.write(`${tarChecksum(long).toString(8).padStart(6, '0')}\0 `, 148, 'latin1')
    const member = await packTar([{ ...root, name: `package/${'o'.repeat(120)}.json` }])
    const tar = Buffer.concat([long, name, Buffer.alloc(512 - name.length), member])
    let said: unknown
    await parse(gzipSync(tar)).catch((failure: RegistryError) => {
      said = [failure.kind, failure.message]
    })
    expect(said).to.deep.equal(['unprocessable', 'the tarball is not taken: Two headers say the path of one member'])
  })
})
