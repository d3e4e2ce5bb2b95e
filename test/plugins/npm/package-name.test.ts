import { expect } from 'chai'
import { RegistryError } from '#core'
import {
  checkName,
  checkNewName,
  checkTag,
  checkVersion,
  highestVersion,
  packageOfPath,
  tarballPath,
  versionOfTarball,
} from '../../../plugins/npm/package-name.js'

const refuses = (check: (text: string) => string, texts: readonly string[]) => {
  for (const text of texts) {
    try {
      check(text)
    } catch (thrown) {
      expect(thrown, text).to.be.instanceOf(RegistryError)
      expect((thrown as RegistryError).kind, text).to.equal('invalid')
      continue
    }
    throw new Error(`${JSON.stringify(text)} was taken`)
  }
}
const takes = (check: (text: string) => string, texts: readonly string[]) => {
  for (const text of texts) expect(check(text)).to.equal(text)
}

describe('npm: names, versions and tags', () => {
  it('asks for every name that public registries ever took', () => {
    takes(checkName, [
      'foo',
      'JSONStream',
      '@acme/bar',
      '@x/_y',
      '@x/-y',
      '-',
      'a~b',
      'a.b',
      'nul',
      '@con/x',
      'constructor',
      'a'.repeat(214),
    ])
  })

  it('refuses names that cannot be anybody’s', () => {
    refuses(checkName, [
      '',
      'a'.repeat(215),
      'a b',
      'a\tb',
      '.a',
      '_a',
      '_session',
      '__proto__',
      '@x',
      '@/x',
      '@x/',
      'x@y',
      '@x/y/z',
    ])
    refuses(checkName, ['a/b', '@x/y@1', 'node_modules', 'favicon.ico', 'Node_Modules'])
  })

  it('takes new packages in lower case and safe in an address alone', () => {
    takes(checkNewName, ['foo', '@acme/bar', '@acme/_bar', 'constructor', 'tostring', 'a.b', 'a_b', 'a-b', '1'])
    refuses(checkNewName, ['-', 'Foo', '@Acme/bar', 'fооbar', 'a~ü', 'a+b', 'a:b', '@acme/.bar', 'ａ'])
  })

  it('takes strict SemVer, in the one spelling it has', () => {
    takes(checkVersion, ['1.0.0', '0.0.0', '1.0.0-rc.1', '1.0.0--', '999999.0.0'])
    refuses(checkVersion, [
      '',
      'v1.0.0',
      '=1.0.0',
      ' 1.0.0',
      '1.0',
      '1',
      '01.0.0',
      '1.0.0+build',
      '1.0.0-',
      `1.0.0-${'a'.repeat(123)}`,
    ])
  })

  it('takes tags that nobody can read as a range', () => {
    takes(checkTag, ['latest', 'next', 'beta-1', 'v', 'constructor', '__proto__', 'ünïcode', 'a/b'])
    refuses(checkTag, ['', '1', '1.x', 'v2', '*', 'x', '>=1', '1.0.0', '^1.0', 'a\nb', 'a'.repeat(215)])
  })

  it('knows the one name of a version’s file, and the package and version of a file', () => {
    expect(tarballPath('foo', '1.0.0')).to.equal('foo/-/foo-1.0.0.tgz')
    expect(tarballPath('@acme/bar', '1.0.0-rc.1')).to.equal('@acme/bar/-/bar-1.0.0-rc.1.tgz')
    expect(packageOfPath('@acme/bar/-/bar-1.0.0.tgz')).to.equal('@acme/bar')
    expect(packageOfPath('foo/-/foo-1.0.0.tgz')).to.equal('foo')
    expect(versionOfTarball('@acme/bar', 'bar-1.0.0-rc.1.tgz')).to.equal('1.0.0-rc.1')
    expect(versionOfTarball('@acme/bar', 'foo-1.0.0.tgz')).to.equal(undefined)
    expect(versionOfTarball('bar', 'bar-1.0.0.zip')).to.equal(undefined)
  })

  it('prefers stable versions when a latest has to be found', () => {
    expect(highestVersion(['1.0.0', '2.0.0-rc.1', '1.10.0', '1.9.0'])).to.equal('1.10.0')
    expect(highestVersion(['2.0.0-rc.1', '2.0.0-rc.10'])).to.equal('2.0.0-rc.10')
    expect(highestVersion([])).to.equal(undefined)
  })
})
