import { expect } from 'chai'
import { nearestUrl } from '../../../host/server/nearest-url.js'

describe('The address nearest to a command on the same machine', () => {
  const publicUrl = new URL('https://repo.example.com/')
  const cases: [string, URL | undefined, string][] = [
    ['127.0.0.1', undefined, 'http://127.0.0.1:81'],
    ['127.0.0.1', publicUrl, 'http://127.0.0.1:81'],
    ['::1', publicUrl, 'http://[::1]:81'],
    ['0.0.0.0', publicUrl, 'http://127.0.0.1:81'],
    ['::', publicUrl, 'http://[::1]:81'],
    ['192.0.2.7', undefined, 'http://192.0.2.7:81'],
    ['2001:db8::7', undefined, 'http://[2001:db8::7]:81'],
    ['192.0.2.7', publicUrl, 'https://repo.example.com/'],
  ]
  for (const [address, url, expected] of cases)
    it(`is ${expected} for ${address}${url === undefined ? '' : ' behind a public name'}`, () => {
      expect(nearestUrl(address, 81, url)).to.equal(expected)
    })
})
