import { expect } from 'chai'
import { RegistryError } from '#core'
import { packageJsonParser, type TarballFacts } from '../../../plugins/npm/package-json-parser.js'
import { inMemoryBytes } from '../../support/in-memory-bytes.js'
import { packed } from '../../support/npm-package.js'
import { type TarMember, tarball } from '../../support/tar-builder.js'

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
    await refused(
      [{ name: 'package/package.json', type: 'symlink', linkname: '/etc/passwd' }],
      'the tarball has no package.json at its root',
    )
  })

  it('refuses what some client or file system would write over the package.json that was read', async () => {
    for (const name of [
      'package/./package.json',
      'package//package.json',
      'other/././/package.json',
      'package\\package.json',
      'package/Package.JSON',
    ])
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
      '"package/package.json" in the archive is larger than 1048576 bytes',
    )
  })

  it('refuses entries that would land outside, and devices', async () => {
    for (const name of ['/etc/passwd', 'package/../../x', '../x', 'package\\..\\x', 'C:/x'])
      await refused([root, { name, content: 'x' }], `the tarball has an entry outside its own folder: ${JSON.stringify(name)}`)
    await refused([root, { name: 'package/pipe', type: 'fifo' }], 'the tarball has an entry that is no file: "package/pipe"')
  })
})
