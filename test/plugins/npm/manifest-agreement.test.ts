import { expect } from 'chai'
import { disagreements } from '../../../plugins/npm/manifest-agreement.js'

const same = (sent: object, packed: object, hasGyp = false) =>
  disagreements({ name: '@acme/bar', ...sent }, { name: '@acme/bar', ...packed }, hasGyp)

describe('npm: a manifest held against its tarball', () => {
  it('finds every field that resolving and installing would see differently', () => {
    expect(same({ dependencies: { a: '1' } }, {})).to.deep.equal(['dependencies'])
    expect(same({}, { dependencies: { a: '1' } })).to.deep.equal(['dependencies'])
    expect(same({ optionalDependencies: { a: '1' } }, { optionalDependencies: { a: '2' } })).to.deep.equal([
      'optionalDependencies',
    ])
    expect(same({ peerDependencies: { a: '1' } }, {})).to.deep.equal(['peerDependencies'])
    expect(same({ peerDependenciesMeta: { a: { optional: true } } }, {})).to.deep.equal(['peerDependenciesMeta'])
    expect(same({ bundleDependencies: ['a'] }, {})).to.deep.equal(['bundleDependencies'])
    expect(same({ engines: { node: '1' } }, {})).to.deep.equal(['engines'])
    expect(same({ os: ['linux'] }, {})).to.deep.equal(['os'])
    expect(same({ cpu: ['x64'] }, {})).to.deep.equal(['cpu'])
    expect(same({ bin: 'a.js' }, { bin: 'b.js' })).to.deep.equal(['bin'])
    expect(same({}, { scripts: { preinstall: 'evil', install: 'evil', postinstall: 'evil' } })).to.deep.equal([
      'scripts.preinstall',
      'scripts.install',
      'scripts.postinstall',
    ])
  })

  it('does not mind what clients normalise', () => {
    for (const [sent, packed] of [
      [{ bin: { bar: 'cli.js' } }, { bin: './cli.js' }],
      [{ bin: { bar: 'cli.js' } }, { bin: { bar: '/cli.js' } }],
      [{ bin: { tool: 'bin/tool' } }, { directories: { bin: 'bin' } }],
      [{ bundleDependencies: ['a'] }, { bundledDependencies: ['a'] }],
      [
        { dependencies: { a: '1' }, bundleDependencies: ['a'] },
        { dependencies: { a: '1' }, bundleDependencies: true },
      ],
      [{ bundleDependencies: [] }, { bundleDependencies: false }],
      [{ optionalDependencies: { a: '1' } }, { dependencies: { a: '1' }, optionalDependencies: { a: '1' } }],
      [{ dependencies: { a: '1', b: '2' } }, { dependencies: { b: '2', a: '1' } }],
      [{ dependencies: { a: 'github:u/r' } }, { dependencies: { a: 'u/r' } }],
      [{ dependencies: { a: 'git+ssh://git@github.com/u/r.git#v1' } }, { dependencies: { a: 'https://github.com/u/r#v1' } }],
      [{ dependencies: { a: '>=1.0.0' } }, { dependencies: ['a>=1.0.0'] }],
      [{ engines: { node: '>=20' }, description: 'x' }, { engines: { node: '>=20' } }],
      [{ scripts: { postinstall: 'node x' } }, { scripts: { postinstall: './node_modules/.bin/node x', test: 'mocha' } }],
      [{ os: ['linux'] }, { os: 'linux' }],
    ]) {
      expect(same(sent as object, packed as object), JSON.stringify(packed)).to.deep.equal([])
    }
  })

  it('lets a client add the step that builds a binding.gyp, and only then', () => {
    const sent = { scripts: { install: 'node-gyp rebuild' } }
    expect(same(sent, {}, true)).to.deep.equal([])
    expect(same(sent, {}, false)).to.deep.equal(['scripts.install'])
  })

  it('keeps different places on a git host apart', () => {
    expect(same({ dependencies: { a: 'github:u/r#v1' } }, { dependencies: { a: 'u/r#v2' } })).to.deep.equal(['dependencies'])
    expect(same({ dependencies: { a: 'gitlab:u/r' } }, { dependencies: { a: 'u/r' } })).to.deep.equal(['dependencies'])
  })
})
