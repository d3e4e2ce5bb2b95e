import { expect } from 'chai'
import api from '../../../plugins/api/index.js'
import raw from '../../../plugins/raw/index.js'
import { FixedClock } from '../../support/fixed-clock.js'
import { type Answer, type House, openHouse } from '../../support/house.js'
import { countedByHand, quotaRows, saidUsage, setQuota } from '../../support/usage-world.js'

const minute = 60_000
const KiB = 1_024
const limit = 100 * KiB
const tus = { 'tus-resumable': '1.0.0' }
const offsetType = { 'content-type': 'application/offset+octet-stream' }
const base64 = (text: string) => Buffer.from(text).toString('base64')

describe('a quota, of uploads that come in several requests', () => {
  let house: House
  let other: House
  let clock: FixedClock
  beforeEach(async () => {
    clock = new FixedClock()
    const repositories = [{ name: 'raw', format: 'raw' }]
    house = await openHouse({ plugins: [raw, api], repositories, clock })
    other = await openHouse({ plugins: [raw, api], clock, beside: house })
    await setQuota(house, limit)
  })
  afterEach(async () => {
    await other.close()
    await house.close()
  })

  const create = (length: number | undefined, more: Readonly<Record<string, string>> = {}) => {
    const announced = length === undefined ? { 'upload-defer-length': '1' } : { 'upload-length': String(length) }
    const headers = { ...tus, ...announced, 'upload-metadata': `filename ${base64(`f${length}`)}`, ...more }
    return house.call('POST', '/acme/raw/-/tus/', { headers })
  }
  const begun = async (length: number | undefined, more?: Readonly<Record<string, string>>) => {
    const answer = await create(length, more)
    expect(answer.status, answer.text()).to.equal(201)
    return new URL(answer.headers['location'] ?? '', house.url).pathname
  }
  const append = (to: string, offset: number, bytes: number, at = house, more = {}) => {
    const headers = { ...tus, ...offsetType, 'upload-offset': String(offset), ...more }
    return at.call('PATCH', to, { headers, body: Buffer.alloc(bytes, 'x') })
  }
  const put = async (name: string, bytes: number, at = house) =>
    (await at.call('PUT', `/acme/raw/${name}`, { body: Buffer.alloc(bytes, name) })).status
  const expectRefused = (answer: Answer) => {
    expect(answer.status).to.equal(507)
    expect(answer.text()).to.equal('The storage quota of organization acme (100 KiB) has no room for this upload\n')
  }
  /** Everything is folded, and nobody holds anything any more. */
  const settled = async () => {
    clock.advance(30 * minute)
    await house.kernel.chores.run('usage', {})
    const rows = await quotaRows(house)
    expect(await saidUsage(house)).to.deep.equal(await countedByHand(house))
    return rows
  }
  const within = async () => {
    const { bytes, reserved } = await quotaRows(house)
    expect(bytes + reserved).to.be.at.most(limit)
    return reserved
  }

  it('refuses a length that does not fit when it is announced, with nothing kept of it', async () => {
    expectRefused(await create(limit + 1))
    expect([await within(), await house.storedBlobs()]).to.deep.equal([0, 0])
    await begun(limit)
    expect(await within()).to.equal(limit)
  })

  it('counts what was announced, for every process, until the upload is over', async () => {
    const one = await begun(60 * KiB)
    expectRefused(await create(60 * KiB))
    expect(await put('a', 50 * KiB, other)).to.equal(507)
    expect(await put('a', 30 * KiB, other)).to.equal(201)
    expect((await append(one, 0, 20 * KiB, other)).status).to.equal(204)
    expect((await house.call('DELETE', one, { headers: tus })).status).to.equal(204)
    expect(await put('b', 70 * KiB)).to.equal(201)
    expect(await settled()).to.deep.equal({ bytes: 100 * KiB, reserved: 0, allowances: 0 })
  })

  it('refuses while it streams what did not say how long it is, and keeps what fits', async () => {
    expect(await put('a', 30 * KiB)).to.equal(201)
    const one = await begun(undefined)
    expect((await append(one, 0, 40 * KiB)).status).to.equal(204)
    await within()
    expectRefused(await append(one, 40 * KiB, 31 * KiB, other))
    const standing = await other.call('HEAD', one, { headers: tus })
    expect(standing.headers['upload-offset']).to.equal(String(40 * KiB))
    expect((await append(one, 40 * KiB, 30 * KiB, other)).status).to.equal(204)
    expect(await within()).to.be.at.least(70 * KiB)
    expect(await put('b', 1)).to.equal(507)
    expect((await append(one, 70 * KiB, 0, house, { 'upload-length': String(70 * KiB) })).status).to.equal(204)
    expect(await settled()).to.deep.equal({ bytes: 100 * KiB, reserved: 0, allowances: 0 })
  })

  it('takes an upload of all that is free, whoever joins it: nothing is counted twice', async () => {
    const one = await begun(limit)
    expect((await append(one, 0, 60 * KiB)).status).to.equal(204)
    expect((await append(one, 60 * KiB, 40 * KiB, other)).status).to.equal(204)
    expect(await house.storedFiles()).to.deep.equal([`acme/raw/f${limit}`])
    expect(await put('b', 1)).to.equal(507)
    expect(await settled()).to.deep.equal({ bytes: limit, reserved: 0, allowances: 0 })
  })

  it('takes parts that become one file, and counts each once', async () => {
    const parts = [await begun(50 * KiB, { 'upload-concat': 'partial' }), await begun(50 * KiB, { 'upload-concat': 'partial' })]
    for (const part of parts) expect((await append(part, 0, 50 * KiB)).status).to.equal(204)
    const headers = { ...tus, 'upload-concat': `final;${parts.join(' ')}`, 'upload-metadata': `filename ${base64('whole')}` }
    expect((await other.call('POST', '/acme/raw/-/tus/', { headers })).status).to.equal(201)
    expect(await house.storedFiles()).to.deep.equal(['acme/raw/whole'])
    expect(await settled()).to.deep.equal({ bytes: limit, reserved: 0, allowances: 0 })
  })

  it('has the room again of what was given up, and of nothing that somebody still goes on with', async () => {
    const one = await begun(60 * KiB)
    const two = await begun(40 * KiB)
    for (let hours = 0; hours < 25; hours += 5) {
      clock.advance(300 * minute)
      expect((await append(one, hours, 5)).status).to.equal(204)
      await house.kernel.chores.run('usage', {})
    }
    await house.kernel.chores.run('expired-uploads', {})
    expect((await house.call('HEAD', two, { headers: tus })).status).to.be.oneOf([404, 410])
    expect(await within()).to.equal(60 * KiB)
    expect(await put('b', 41 * KiB)).to.equal(507)
    expect(await put('b', 40 * KiB)).to.equal(201)
  })
})
