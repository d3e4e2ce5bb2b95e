import { expect } from 'chai'
import { RegistryError } from '../../../core/errors/registry-error.js'
import type { Mount } from '../../../core/plugin/protocol-plugin.js'
import type { MountScope } from '../../../core/plugin/route-record.js'
import { allowedMethods, RouteTable } from '../../../core/plugin/route-table.js'
import { empty } from '../../../core/request/reply.js'

const handle = async () => empty(204)
type Sketch = { method?: unknown; path?: unknown; permission?: unknown; lesser?: unknown; handle?: unknown }

function mount(scope: MountScope, ...routes: Sketch[]): Mount {
  return { scope, routes: routes.map((route) => ({ handle, ...route })) } as unknown as Mount
}
const table = (name: string, ...mounts: Mount[]) => new RouteTable({ name, mounts })
const get = (path: string, permission: string = 'artifacts.read') => ({ method: 'GET', path, permission })

describe('route table', () => {
  describe('refuses', () => {
    const cases: Record<string, [string, Mount[], RegExp]> = {
      'a route silent about its permission': [
        'x',
        [mount('repository', { method: 'GET', path: '/' })],
        /does not say its permission/,
      ],
      'an unknown permission': ['x', [mount('repository', get('/', 'artifacts.burn'))], /unknown permission 'artifacts.burn'/],
      'an unknown method': ['x', [mount('repository', { ...get('/'), method: 'BREW' })], /unknown method/],
      'a route without a handler': ['x', [mount('repository', { ...get('/'), handle: undefined })], /no handler/],
      'a malformed path': ['x', [mount('repository', get('a'))], /Malformed route path 'a'/],
      'two routes of one method that match the same paths': [
        'x',
        [mount('repository', get('/{name}/{version}'), get('/{name}/{tag}'))],
        /GET \/\{name\}\/\{tag\} is ambiguous: \/\{name\}\/\{version\}/,
      ],
      'two mounts of one scope': ['x', [mount('repository'), mount('repository')], /two repository mounts/],
      'an unknown mount': ['x', [mount('planet' as MountScope)], /unknown mount 'planet'/],
      'an instance mount of anybody but api': ['x', [mount('instance')], /only api/],
      'a repository permission on an organization mount': ['x', [mount('organization', get('/'))], /concerns one repository/],
      'an organization permission on the instance mount': [
        'api',
        [mount('instance', get('/', 'members.read'))],
        /concerns an organization/,
      ],
      'an instance permission on a repository mount': [
        'x',
        [mount('repository', get('/', 'instance.manage'))],
        /concerns the instance/,
      ],
      'a lesser permission that writes': [
        'x',
        [mount('repository', { ...get('/', 'artifacts.delete'), lesser: 'artifacts.write' })],
        /only artifacts.read can be enough/,
      ],
      'a lesser permission of an organization mount': [
        'x',
        [mount('organization', { ...get('/', 'members.manage'), lesser: 'artifacts.read' })],
        /only artifacts.read can be enough/,
      ],
      'a permission on an origin mount': ['x', [mount('origin', get('/-/x/y', 'tokens.issue'))], /nobody is known/],
      'an origin route where an organization could lie': ['x', [mount('origin', get('/x/y', 'none'))], /has to begin with/],
      "an origin route among the house's own": ['x', [mount('origin', get('/-/api/v1', 'none'))], /house's own/],
      'an origin route that could be any of them': ['x', [mount('origin', get('/-/{any}', 'none'))], /house's own/],
    }
    for (const [what, [name, mounts, reason]] of Object.entries(cases)) {
      it(what, () => {
        expect(() => table(name, ...mounts)).to.throw(RegistryError, reason)
        expect(() => table(name, ...mounts)).to.throw(`Plugin '${name}' is refused`)
      })
    }
  })

  const npm = table(
    'npm',
    mount(
      'repository',
      get('/{name}'),
      { ...get('/{name}', 'artifacts.write'), method: 'PUT' },
      get('/@{scope}/{name}'),
      get('/{name}/{version}'),
      { ...get('/{name}/{tag}', 'artifacts.write'), method: 'PUT' },
      get('/-/ping'),
    ),
  )
  const found = (method: string, ...segments: string[]) => {
    const match = npm.match('repository', method, segments, false)
    return match.kind === 'route' ? [match.route.path, { ...match.params }] : match.kind
  }

  it('finds the most specific route and its parameters', () => {
    expect(found('GET', 'ui')).to.deep.equal(['/{name}', { name: 'ui' }])
    expect(found('GET', '@acme', 'ui')).to.deep.equal(['/@{scope}/{name}', { scope: 'acme', name: 'ui' }])
    expect(found('GET', 'ui', '1.0.0')).to.deep.equal(['/{name}/{version}', { name: 'ui', version: '1.0.0' }])
    expect(found('GET', '-', 'ping')).to.deep.equal(['/-/ping', {}])
    expect(found('GET', '-', 'other')).to.equal('none')
    expect(found('GET', 'a', 'b', 'c')).to.equal('none')
  })
  it('names the parameters as the route of that method does', () => {
    expect(found('PUT', 'ui', 'beta')).to.deep.equal(['/{name}/{tag}', { name: 'ui', tag: 'beta' }])
  })
  it('lets HEAD follow GET', () => {
    expect(found('HEAD', 'ui')).to.deep.equal(['/{name}', { name: 'ui' }])
  })
  it('does not look for a missing method behind a vaguer path', () => {
    expect(found('PUT', '@acme', 'ui')).to.equal('method')
  })
  it('lists what an address allows', () => {
    const match = npm.match('repository', 'DELETE', ['ui'], false)
    expect(match.kind === 'method' && allowedMethods(match.shelf)).to.deep.equal(['GET', 'HEAD', 'PUT', 'OPTIONS'])
    expect(
      match.kind === 'method' && allowedMethods(match.shelf, ({ permission }) => permission !== 'artifacts.write'),
    ).to.deep.equal(['GET', 'HEAD', 'OPTIONS'])
  })
  it('lists its routes as they were declared', () => {
    expect(npm.list()[1]).to.deep.equal({
      plugin: 'npm',
      mount: 'repository',
      method: 'PUT',
      path: '/{name}',
      permission: 'artifacts.write',
    })
    expect(npm.list()).to.have.length(6)
  })
})
