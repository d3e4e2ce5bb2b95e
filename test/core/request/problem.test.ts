import { expect } from 'chai'
import { type FailureKind, methodNotAllowed, notFound, RegistryError, unavailable } from '../../../core/errors/registry-error.js'
import { challengeFor, problem, statusOf } from '../../../core/request/problem.js'
import { textOf } from './fake-house.js'

const setting = { requestId: 'req-1', scope: 'repository', challenge: 'Basic realm="acme"' } as const

describe('problems', () => {
  it('have the status of their kind', () => {
    const expected: Record<FailureKind, number> = {
      invalid: 400,
      unauthenticated: 401,
      forbidden: 403,
      hidden: 404,
      'not-found': 404,
      method: 405,
      conflict: 409,
      stale: 412,
      'too-large': 413,
      unsupported: 415,
      unprocessable: 422,
      throttled: 429,
      internal: 500,
      upstream: 502,
      unavailable: 503,
      'no-space': 507,
    }
    for (const [kind, status] of Object.entries(expected)) {
      const failure = new RegistryError(kind as FailureKind, 'x')
      expect([kind, statusOf(failure), problem(failure, status, setting).status]).to.deep.equal([kind, status, status])
    }
    expect(statusOf(new RegistryError('too-large', 'x', { detail: { code: 'uri-too-long' } }))).to.equal(414)
  })
  it('are RFC 9457 documents that nobody keeps', () => {
    const reply = problem(new RegistryError('stale', 'It moved on', { detail: { code: 'revision' } }), 412, setting)
    expect(reply.headers).to.deep.equal({ 'content-type': 'application/problem+json', 'cache-control': 'no-store' })
    expect(JSON.parse(textOf(reply))).to.deep.equal({
      type: 'about:blank',
      title: 'Precondition failed',
      status: 412,
      detail: 'It moved on',
      code: 'revision',
      requestId: 'req-1',
    })
  })
  it('say a 404 as a line of text on artifact addresses, as a document to the management interface', () => {
    const failure = notFound('artifact', 'a/b')
    expect(problem(failure, 404, setting))
      .to.deep.include({ status: 404 })
      .with.nested.property('headers.content-type', 'text/plain; charset=utf-8')
    expect(textOf(problem(failure, 404, setting))).to.equal('artifact not found: a/b\n')
    expect(JSON.parse(textOf(problem(failure, 404, { ...setting, scope: 'organization' })))).to.include({
      code: 'not-found',
      status: 404,
    })
  })
  it('carry Allow, Retry-After and the challenge', () => {
    expect(problem(methodNotAllowed(['GET', 'HEAD']), 405, setting).headers).to.include({ allow: 'GET, HEAD' })
    expect(problem(unavailable('x', 0.2), 503, setting).headers).to.include({ 'retry-after': '1' })
    expect(problem(new RegistryError('unauthenticated', 'x'), 401, setting).headers).to.include({
      'www-authenticate': 'Basic realm="acme"',
    })
  })
  it('of a 5xx show a constant, or the reason that was meant to be shown', () => {
    const shown = (failure: RegistryError) => JSON.parse(textOf(problem(failure, statusOf(failure), setting)))
    expect(shown(unavailable('lock on /var/lib failed', 5, { detail: { code: 'lmdb' } }))).to.include({
      detail: 'Service unavailable',
      code: 'unavailable',
    })
    expect(shown(unavailable('x', 5, { detail: { reason: 'Read-only until noon' } })).detail).to.equal('Read-only until noon')
  })
  it('challenge with one scheme and a realm that cannot break out of its quotes', () => {
    expect(challengeFor('acme', undefined)).to.equal('Basic realm="acme", charset="UTF-8"')
    expect(challengeFor('acme', 'Basic eDp5')).to.equal('Basic realm="acme", charset="UTF-8"')
    expect(challengeFor('acme', 'bearer x')).to.equal('Bearer realm="acme"')
    expect(challengeFor('acme', undefined, true)).to.equal('Bearer realm="acme"')
    expect(challengeFor('a"\\é', undefined)).to.equal('Basic realm="a%22%5C%C3%A9", charset="UTF-8"')
  })
})
