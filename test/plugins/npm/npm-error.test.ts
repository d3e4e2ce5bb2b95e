import { expect } from 'chai'
import {
  conflict,
  forbidden,
  hidden,
  methodNotAllowed,
  notFound,
  type ProtocolRequest,
  type RegistryError,
  unauthenticated,
  unavailable,
} from '#core'
import { renderNpmError } from '../../../plugins/npm/npm-error.js'

const request = (method: string, params: Record<string, string> = {}) => ({ method, params }) as unknown as ProtocolRequest
const worded = (failure: RegistryError, status: number, asked = request('GET')) => {
  const { headers, body, ...reply } = renderNpmError(failure, status, asked)
  return { ...reply, headers, body: JSON.parse(Buffer.from(body as Uint8Array).toString()) }
}
const usual = { 'content-type': 'application/json', 'cache-control': 'no-store' }

describe('npm: how failures are worded', () => {
  it('says of what is not there, and of what is hidden, the same', () => {
    const expected = { status: 404, headers: usual, body: { error: 'Not found' } }
    expect(worded(notFound('package', 'foo'), 404)).to.deep.equal(expected)
    expect(worded(hidden('secret'), 404)).to.deep.equal(expected)
  })

  it('names the package that somebody may not write', () => {
    const refusal = (permission: string) => forbidden(`This needs the permission ${permission}`, { detail: { permission } })
    const words = (method: string, params: Record<string, string>, permission = 'artifacts.write') =>
      worded(refusal(permission), 403, request(method, params)).body.error
    expect(words('PUT', { name: 'foo' })).to.equal('You do not have permission to publish "foo".')
    expect(words('PUT', { scope: 'acme', name: 'bar' })).to.equal('You do not have permission to publish "@acme/bar".')
    expect(words('DELETE', { name: 'foo' })).to.equal('You do not have permission to publish "foo".')
    for (const method of ['PUT', 'DELETE'])
      expect(words(method, { name: 'foo' }, 'artifacts.delete')).to.equal('You do not have permission to unpublish "foo".')
    expect(words('GET', {}, 'members.read')).to.equal(
      'You do not have permission to do this. A token never has: it takes name and password (_auth).',
    )
    expect(words('DELETE', {})).to.equal('You do not have permission to do this.')
  })

  it('passes other words on, with what clients act upon', () => {
    expect(worded(conflict('conflict'), 409)).to.deep.equal({ status: 409, headers: usual, body: { error: 'conflict' } })
    expect(worded(unavailable('later', 7), 503).headers).to.deep.equal({ ...usual, 'retry-after': '7' })
    expect(worded(methodNotAllowed(['GET', 'HEAD']), 405).headers).to.deep.equal({ ...usual, allow: 'GET, HEAD' })
  })

  it('asks for the second factor as npm understands it', () => {
    const failure = unauthenticated('A one-time code is needed', { detail: { code: 'otp-required' } })
    expect(worded(failure, 401)).to.deep.equal({
      status: 401,
      headers: { ...usual, 'www-authenticate': 'OTP' },
      body: { error: 'You must provide a one-time pass.' },
    })
  })

  it('says nothing of its own bugs', () => {
    const failure = { kind: 'internal', message: 'Internal error', detail: {} } as unknown as RegistryError
    expect(worded(failure, 500).body).to.deep.equal({ error: 'Internal error' })
  })
})
