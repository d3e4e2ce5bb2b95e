import { expect } from 'chai'
import type { House } from '../../support/house.js'
import { buildSdist } from '../../support/sdist-builder.js'
import { buildWheel } from '../../support/wheel-builder.js'
import { openPypiHouse, upload } from './pypi-house.js'

const wheel = buildWheel({
  name: 'Friendly-Bard',
  version: '1.0+acme.1',
  headers: ['Author: Jörg'],
  description: 'Hello\r\nthere',
})
const address = `/acme/py/files/${wheel.sha256}/friendly_bard-1.0%2Bacme.1-py3-none-any.whl`

describe('files of a Python index', () => {
  let house: House
  before(async () => {
    house = await openPypiHouse()
    expect((await upload(house, wheel, 'Friendly-Bard', '1.0+acme.1')).status).to.equal(200)
  })
  after(() => house.close())

  it('come byte for byte, named and kept for good', async () => {
    const answer = await house.call('GET', address)
    expect(answer.status).to.equal(200)
    expect(answer.body.equals(wheel.content)).to.equal(true)
    expect(answer.headers).to.include({
      'content-type': 'application/octet-stream',
      'content-length': String(wheel.content.length),
      'accept-ranges': 'bytes',
      etag: `"${wheel.sha256}"`,
      'cache-control': 'private, max-age=31536000, immutable',
      'x-content-type-options': 'nosniff',
      'content-disposition': `attachment; filename="${wheel.filename}"`,
    })
    expect(answer.headers['last-modified']).to.be.a('string')
    expect(answer.headers).not.to.have.property('content-encoding')
  })

  it('are never compressed, .tar.gz least of all', async () => {
    const sdist = await buildSdist({ name: 'tarred', version: '1.0' })
    await upload(house, sdist, 'tarred', '1.0')
    const answer = await house.call('GET', `/acme/py/files/${sdist.sha256}/${sdist.filename}`, {
      headers: { 'accept-encoding': 'gzip' },
    })
    expect(answer.headers['content-type']).to.equal('application/octet-stream')
    expect(answer.headers).not.to.have.property('content-encoding')
    expect(answer.body.equals(sdist.content)).to.equal(true)
  })

  it('come in ranges, from the end too', async () => {
    const size = wheel.content.length
    const range = (value: string) => house.call('GET', address, { headers: { range: value } })
    const tail = await range('bytes=-100')
    expect(tail.status).to.equal(206)
    expect(tail.headers['content-range']).to.equal(`bytes ${size - 100}-${size - 1}/${size}`)
    expect(tail.body.equals(wheel.content.subarray(-100))).to.equal(true)
    const open = await range(`bytes=${size - 7}-`)
    expect(open.headers['content-range']).to.equal(`bytes ${size - 7}-${size - 1}/${size}`)
    expect(open.body.equals(wheel.content.subarray(-7))).to.equal(true)
    for (const malformed of ['bytes=9-5', 'lines=1-2', 'bytes=x'])
      expect((await range(malformed)).status, malformed).to.equal(200)
    const whole = await range('bytes=0-')
    const condition = { range: 'bytes=9-', 'if-range': whole.headers['etag'] ?? '' }
    const resumed = await house.call('GET', address, { headers: condition })
    expect([resumed.status, resumed.headers['content-range']]).to.deep.equal([206, `bytes 9-${size - 1}/${size}`])
    expect((await range('bytes=5-9')).body.equals(wheel.content.subarray(5, 10))).to.equal(true)
    expect((await range(`bytes=-${size * 2}`)).status).to.equal(206)
    const beyond = await range(`bytes=${size}-`)
    expect(beyond.status).to.equal(416)
    expect(beyond.headers['content-range']).to.equal(`bytes */${size}`)
    const stale = await house.call('GET', address, { headers: { range: 'bytes=5-9', 'if-range': '"other"' } })
    expect(stale.status).to.equal(200)
  })

  it('answer HEAD with length and ranges', async () => {
    const answer = await house.call('HEAD', address)
    expect(answer.status).to.equal(200)
    expect(answer.headers).to.include({ 'content-length': String(wheel.content.length), 'accept-ranges': 'bytes' })
    expect(answer.body.length).to.equal(0)
  })

  it('have their metadata beside them, unchanged', async () => {
    const answer = await house.call('GET', `${address}.metadata`)
    expect(answer.status).to.equal(200)
    expect(answer.headers['content-type']).to.equal('text/plain; charset=utf-8')
    expect(answer.headers['etag']).to.equal(`"${wheel.metadataSha256}"`)
    expect(answer.headers).not.to.have.property('content-disposition')
    expect(answer.body.toString()).to.equal(wheel.metadata)
  })

  it('are found by digest and name together, never by one of them', async () => {
    const other = buildWheel({ name: 'Friendly-Bard', version: '2.0' })
    await upload(house, other, 'Friendly-Bard', '2.0')
    const missing = [
      `/acme/py/files/${other.sha256}/friendly_bard-1.0%2Bacme.1-py3-none-any.whl`,
      `/acme/py/files/${wheel.sha256}/${other.filename}`,
      `/acme/py/files/${wheel.sha256.toUpperCase()}/friendly_bard-1.0%2Bacme.1-py3-none-any.whl`,
      `/acme/py/files/${wheel.sha256}/Friendly_Bard-1.0%2Bacme.1-py3-none-any.whl`,
      `/acme/py/files/${wheel.sha256}/nonsense.txt`,
      `/acme/py/files/${wheel.sha256}/x.whl.metadata`,
      `/acme/py/files/${wheel.sha256}/.metadata`,
      `/acme/open/files/${wheel.sha256}/friendly_bard-1.0%2Bacme.1-py3-none-any.whl`,
      '/acme/py/files/constructor/friendly_bard-1.0%2Bacme.1-py3-none-any.whl',
    ]
    for (const target of missing) expect((await house.call('GET', target)).status, target).to.equal(404)
  })

  it('are closed to strangers, to members without a right, and to other organizations', async () => {
    expect((await house.call('GET', address, { as: 'nobody' })).status).to.equal(401)
    expect((await house.call('GET', address, { as: 'gus' })).status).to.equal(403)
    expect((await house.call('GET', address, { as: 'bert' })).status).to.equal(401)
    expect((await house.call('GET', address.replace('acme', 'beta'), { as: 'bert' })).status).to.equal(404)
  })
})
