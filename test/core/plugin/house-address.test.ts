import { expect } from 'chai'
import { RegistryError } from '../../../core/errors/registry-error.js'
import { parseHouse } from '../../../core/plugin/house-address.js'

describe('addresses of the house', () => {
  it('lead to a repository, with and without a slash behind its name', () => {
    const root = { kind: 'repository', organization: 'acme', repository: 'npm', rest: '/' }
    expect(parseHouse('/acme/npm')).to.deep.equal(root)
    expect(parseHouse('/acme/npm/')).to.deep.equal(root)
    expect(parseHouse('/acme/npm/@a%2fb/')).to.deep.equal({ ...root, rest: '/@a%2fb/' })
    expect(parseHouse('/acme/npm//a')).to.deep.equal({ ...root, rest: '//a' })
  })
  it('lead to a plugin of an organization, or of the instance', () => {
    expect(parseHouse('/acme/-/api/v1/members')).to.deep.equal({
      kind: 'organization',
      organization: 'acme',
      plugin: 'api',
      rest: '/v1/members',
    })
    expect(parseHouse('/-/api/v1/organizations')).to.deep.equal({ kind: 'instance', plugin: 'api', rest: '/v1/organizations' })
    expect(parseHouse('/_/oidc/mint-token')).to.deep.equal({ kind: 'origin' })
  })
  it('are decoded once, so that one name has one meaning however it is spelled', () => {
    expect(parseHouse('/%61cme/%2D/api')).to.deep.equal({ kind: 'organization', organization: 'acme', plugin: 'api', rest: '/' })
  })
  it('lead nowhere where a name is still missing', () => {
    for (const path of ['/', '/acme', '/acme/', '/-', '/-/', '/acme/-', '/acme/-/']) {
      expect(parseHouse(path), path).to.deep.equal({ kind: 'nowhere' })
    }
  })
  it('are refused for empty segments, dots, encoded slashes, and names that no strict mount takes', () => {
    const bad = [
      '//',
      '//acme/raw',
      '/acme//raw',
      '/acme//-/api/v1/members',
      '/acme/-//api',
      '/%2F%2F%2F%2F%2F..%2F..%2F..%2Fetc%2Fpasswd',
      '/acme/..',
      '/%2e%2e/raw/x',
      '/acme/raw;x/y',
      '/acme;/raw',
      '/acme%00/raw',
      '/acme/%5c/x',
      '/%ff/raw',
    ]
    for (const path of bad) expect(() => parseHouse(path), path).to.throw(RegistryError, /Malformed path/)
  })
})
