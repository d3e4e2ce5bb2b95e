import { expect } from 'chai'
import { screenScheme } from '../../../host/server/request-screen.js'

describe('Plain HTTP where the public address is https', () => {
  const https = new URL('https://repo.example.com/packages/')
  const stranger = { address: '203.0.113.1', scheme: 'http', near: false } as const
  const screen = (
    method: string,
    target: string,
    headers: object = {},
    caller: object = stranger,
    publicUrl: URL | undefined = https,
  ) => {
    const reply = screenScheme({ method, headers } as never, target, caller as never, publicUrl)
    return reply && [reply.status, reply.headers['location']]
  }

  it('is refused to clients from elsewhere, credentials or none', () => {
    expect(screen('GET', '/main/npm/a')).to.deep.equal([403, undefined])
    expect(screen('PUT', '/main/raw/a', { authorization: 'Bearer x' })).to.deep.equal([403, undefined])
    expect(screen('GET', '/-/ui/', { cookie: 'session=x' }), 'a page with a secret').to.deep.equal([403, undefined])
    expect(screen('POST', '/-/ui/login')).to.deep.equal([403, undefined])
  })

  it('shows a browser on its way to a page the right door', () => {
    expect(screen('GET', '/-/ui/browse?q=1')).to.deep.equal([308, 'https://repo.example.com/packages/-/ui/browse?q=1'])
  })

  it('is let in from this machine and from trusted proxies, where it came as https, and where nothing says https', () => {
    expect(screen('GET', '/a', {}, { ...stranger, near: true })).to.equal(undefined)
    expect(screen('GET', '/a', {}, { ...stranger, scheme: 'https' })).to.equal(undefined)
    expect(screen('GET', '/a', {}, stranger, new URL('http://repo.example.com/'))).to.equal(undefined)
    expect(screenScheme({ method: 'GET', headers: {} } as never, '/a', stranger, undefined)).to.equal(undefined)
  })
})
