import { expect } from 'chai'
import { checkFilename, parseFilename, uniqueKey } from '../../../plugins/pypi/distribution-file.js'
import { normalVersion, parseVersion } from '../../../plugins/pypi/version.js'

function read(filename: string) {
  const file = parseFilename(filename)
  if (!file) return undefined
  const common = { project: file.project, version: normalVersion(file.version) }
  if (file.type === 'sdist') return common
  const { build, python, abi, platform } = file
  return {
    ...common,
    ...(build === undefined ? {} : { build }),
    tags: [python, abi, platform].map((set) => set.join('.')).join('-'),
  }
}

function check(filename: string, name: string, version: string): string {
  const parsed = parseVersion(version)
  if (!parsed) throw new Error(version)
  const file = checkFilename(filename, filename.endsWith('.whl') ? 'bdist_wheel' : 'sdist', name, parsed)
  return 'message' in file ? file.message : 'fine'
}

describe('file names of distributions', () => {
  it('of wheels are taken apart', () => {
    expect(read('foo_bar-1.0-1abc-py3-none-any.whl')).to.deep.equal({
      project: 'foo-bar',
      version: '1.0',
      build: '1abc',
      tags: 'py3-none-any',
    })
    expect(read('foo.bar-1.0-py3-none-any.whl')).to.deep.equal({ project: 'foo-bar', version: '1.0', tags: 'py3-none-any' })
    expect(read('Foo_Bar-1.0-py2.py3-none-any.whl')).to.deep.equal({
      project: 'foo-bar',
      version: '1.0',
      tags: 'py2.py3-none-any',
    })
    expect(read('foo-1.0+abc_1-cp311-cp311-manylinux_2_17_x86_64.manylinux2014_x86_64.whl')).to.deep.equal({
      project: 'foo',
      version: '1.0+abc.1',
      tags: 'cp311-cp311-manylinux2014_x86_64.manylinux_2_17_x86_64',
    })
    expect(read('foo-1!1.0-py3-none-any.whl')).to.deep.equal({ project: 'foo', version: '1!1.0', tags: 'py3-none-any' })
    expect(read('foo-v1.0-py3-none-any.whl')).to.deep.equal({ project: 'foo', version: '1.0', tags: 'py3-none-any' })
  })

  it('of source distributions are cut at the last hyphen', () => {
    expect(read('foo-bar-1.0.tar.gz')).to.deep.equal({ project: 'foo-bar', version: '1.0' })
    expect(read('foo-1.0-1.tar.gz')).to.deep.equal({ project: 'foo-1-0', version: '1' })
    expect(read('foo_bar-1.0.zip')).to.deep.equal({ project: 'foo-bar', version: '1.0' })
  })

  it('that are none are not read', () => {
    const none = [
      'foo-bar-1.0-py3-none-any.whl',
      'foo_bar-1.0-abc-py3-none-any.whl',
      'foo__bar-1.0-py3-none-any.whl',
      'foo-1.0_1-py3-none-any.whl',
      'foo-1.0-py3-none.whl',
      'foo-1.0-py3-none-any.WHL',
      'fo*o-1.0-py3-none-any.whl',
      'foo-1.0-1-2-py3-none-any.whl',
      '-1.0-py3-none-any.whl',
      'foo-1.0-py3-none-any!.whl',
      'foo-1.0.tgz',
      'foo1.0.tar.gz',
      'foo-1.0-SNAPSHOT.tar.gz',
      '-1.0.tar.gz',
      '.whl',
      '.tar.gz',
    ]
    for (const filename of none) expect(parseFilename(filename), filename).to.equal(undefined)
  })

  it('that name one file share one place', () => {
    const key = (filename: string) => {
      const file = parseFilename(filename)
      return file && uniqueKey(file).join(' ')
    }
    const one = key('foo-1.0-py3-none-any.whl')
    for (const other of ['Foo-1.0-py3-none-any.whl', 'foo-1.0.0-py3-none-any.whl', 'foo-v1-py3-none-any.whl'])
      expect(key(other)).to.equal(one)
    expect(key('foo-1.0-py2.py3-none-any.whl')).to.equal(key('foo-1.0-py3.py2-none-any.whl'))
    expect(key('foo-1.0-01-py3-none-any.whl')).to.equal(key('foo-1.0-1-py3-none-any.whl'))
    expect(key('foo-1.0-1-py3-none-any.whl')).not.to.equal(one)
    expect(key('foo-1.0-py3-none-any.whl')).not.to.equal(key('foo-1.0-py2.py3-none-any.whl'))
    expect(key('foo-1.0.tar.gz')).to.equal(key('foo-1.zip'))
  })

  it('are held against the name and version of the form', () => {
    expect(check('friendly_bard-1.0-py3-none-any.whl', 'Friendly.Bard', '1.0.0')).to.equal('fine')
    expect(check('friendly-bard-1.0.tar.gz', 'friendly_bard', '1.0')).to.equal('fine')
    expect(check('other-1.0.tar.gz', 'friendly-bard', '1.0')).to.equal("Start filename for 'friendly-bard' with 'friendly_bard'.")
    expect(check('friendly_bard-1.1-py3-none-any.whl', 'friendly-bard', '1.0')).to.equal(
      "Version in filename should be '1.0' not '1.1'.",
    )
    expect(check('foo-1.0-1.tar.gz', 'foo', '1.0.post1')).to.equal(
      "Filename 'foo-1.0-1.tar.gz' is invalid, should be 'foo-1.0.post1.tar.gz'.",
    )
    expect(check('foo-1.0_1-py3-none-any.whl', 'foo', '1.0+1')).to.equal(
      "Filename 'foo-1.0_1-py3-none-any.whl' is invalid, should be 'foo-1.0+1-py3-none-any.whl'.",
    )
    expect(check('foo-1.0-py3-none.whl', 'foo', '1.0')).to.equal("Filename 'foo-1.0-py3-none.whl' is invalid.")
  })

  it('are refused where they could be anything else than a name', () => {
    const refused = [
      '../../evil.whl',
      'C:\\x.whl',
      'a/b-1.0.tar.gz',
      'foo-1.0\r\n.tar.gz',
      'foo%2e-1.0.tar.gz',
      `foo-${'1'.repeat(300)}.tar.gz`,
      'foo-1.0.exe',
    ]
    for (const filename of refused) expect(check(filename, 'foo', '1.0'), filename).not.to.equal('fine')
  })
})
