import { expect } from 'chai'
import { rewritePath } from '../../../plugins/npm/path-rewrite.js'

const mount = '/acme/npm-main/'

describe('npm: spellings of a path', () => {
  for (const [given, rewritten] of [
    ['/@acme%2fbar', '/@acme/bar'],
    ['/@acme%2Fbar', '/@acme/bar'],
    ['/%40acme%2Fbar', '/@acme/bar'],
    ['/%40acme/bar', '/@acme/bar'],
    ['/@acme/bar', '/@acme/bar'],
    ['/@acme%2fbar/-rev/1-abc', '/@acme/bar/-rev/1-abc'],
    ['/@acme%2fbar/-/bar-1.0.0.tgz', '/@acme/bar/-/bar-1.0.0.tgz'],
    ['/@acme/bar/-/@acme%2fbar-1.0.0.tgz', '/@acme/bar/-/@acme/bar-1.0.0.tgz'],
    ['/@acme/bar/-/@acme/bar-1.0.0.tgz', '/@acme/bar/-/@acme/bar-1.0.0.tgz'],
    ['/-/package/@acme%2fbar/dist-tags/beta', '/-/package/@acme/bar/dist-tags/beta'],
    ['/foo%2fbar', '/foo%2fbar'],
    ['/@acme%252fbar', '/@acme%252fbar'],
    ['/@acme%2f..%2fbar', '/@acme/..%2fbar'],
    ['/', '/'],
    // npm doubles the mount when it deletes a tarball.
    ['/acme/npm-main/@acme/bar/-/bar-1.0.0.tgz/-rev/2-x', '/@acme/bar/-/bar-1.0.0.tgz/-rev/2-x'],
    ['/acme/npm-main/foo/-/foo-1.0.0.tgz/-rev/2-x', '/foo/-/foo-1.0.0.tgz/-rev/2-x'],
    // A package called as the organization, and a tag called as the repository.
    ['/acme/npm-main', '/acme/npm-main'],
    ['/acme/-/acme-1.0.0.tgz', '/acme/-/acme-1.0.0.tgz'],
    ['/acme/npm-mainly/x', '/acme/npm-mainly/x'],
  ] as const) {
    it(`reads ${given} as ${rewritten}`, () => {
      expect(rewritePath(given, mount)).to.equal(rewritten)
    })
  }

  it('cuts nothing off at a root mount', () => {
    expect(rewritePath('/@acme%2fbar', '/')).to.equal('/@acme/bar')
  })
})
