import { expect } from 'chai'
import { RegistryError } from '../../../core/errors/registry-error.js'
import { PathPattern } from '../../../core/plugin/path-pattern.js'

function match(pattern: string, path: string): Record<string, string> | undefined {
  const slash = path !== '/' && path.endsWith('/')
  const segments = path.split('/').filter((segment) => segment !== '')
  const found = new PathPattern(pattern).match(segments, slash)
  return found === undefined ? undefined : { ...found.params }
}

describe('path patterns', () => {
  it('match the root of a mount', () => {
    expect(match('/', '/')).to.deep.equal({})
    expect(match('/', '/a')).to.equal(undefined)
  })
  it('take placeholders with literal text beside them', () => {
    expect(match('/@{scope}/{name}', '/@acme/ui')).to.deep.equal({ scope: 'acme', name: 'ui' })
    expect(match('/@{scope}/{name}', '/acme/ui')).to.equal(undefined)
    expect(match('/{name}/-/{file}.tgz', '/ui/-/ui-1.0.0.tgz')).to.deep.equal({ name: 'ui', file: 'ui-1.0.0' })
    expect(match('/@{scope}', '/@')).to.equal(undefined)
    expect(match('/a{x}a', '/aa')).to.equal(undefined)
    expect(match('/-/user/org.couchdb.user:{name}', '/-/user/org.couchdb.user:olga')).to.deep.equal({ name: 'olga' })
  })
  it('take the rest, at least one segment of it', () => {
    expect(match('/{path+}', '/a/b/c')).to.deep.equal({ path: 'a/b/c' })
    expect(match('/{path+}', '/')).to.equal(undefined)
    expect(match('/files/{path+}', '/files')).to.equal(undefined)
    expect(new PathPattern('/files/{path+}').match(['files', 'a', 'b'], false)?.rest).to.equal('a/b')
  })
  it('want a slash at the end exactly where they say so', () => {
    expect(match('/simple/{project}/', '/simple/x/')).to.deep.equal({ project: 'x' })
    expect(match('/simple/{project}/', '/simple/x')).to.equal(undefined)
    expect(match('/{path+}', '/a/b/')).to.equal(undefined)
    expect(match('/{path+}/', '/a/b/')).to.deep.equal({ path: 'a/b' })
  })
  it('let no placeholder take the control area', () => {
    expect(match('/{path+}', '/-/x')).to.equal(undefined)
    expect(match('/{name}', '/-')).to.equal(undefined)
    expect(match('/-', '/-')).to.deep.equal({})
    expect(match('/{name}/{version}', '/a/-')).to.deep.equal({ name: 'a', version: '-' })
  })
  it('keep names of the prototype as plain parameters', () => {
    expect(new PathPattern('/{constructor}').match(['x'], false)?.params).to.deep.equal(
      Object.assign(Object.create(null), { constructor: 'x' }),
    )
  })
  it('are ordered segment by segment: literal, then the longer affix, then placeholder, then rest', () => {
    const sources = ['/{path+}', '/{name}', '/@{scope}', '/a', '/{name}/b', '/a/{version}', '/{file}.tgz', '/a/b']
    const ordered = sources.map((source) => new PathPattern(source)).sort((a, b) => a.compare(b))
    expect(ordered.map(({ source }) => source)).to.deep.equal([
      '/a/b',
      '/a/{version}',
      '/a',
      '/{file}.tgz',
      '/@{scope}',
      '/{name}/b',
      '/{name}',
      '/{path+}',
    ])
  })
  for (const bad of [
    '',
    'a',
    '//a',
    '/a//b',
    '/{}',
    '/{a',
    '/a}',
    '/{a}{b}',
    '/{a}/{a}',
    '/{path+}/x',
    '/x{path+}',
    '/..',
    '/./a',
    '/a b',
    '/%41',
    '/{a-b}',
    '/a?b',
    '/caf\u00e9',
  ]) {
    it(`refuse '${bad}'`, () => {
      expect(() => new PathPattern(bad)).to.throw(RegistryError, /Malformed route path/)
    })
  }
})
