import { expect } from 'chai'
import api from '../../../plugins/api/index.js'
import maven from '../../../plugins/maven/index.js'
import npm from '../../../plugins/npm/index.js'
import pypi from '../../../plugins/pypi/index.js'
import raw from '../../../plugins/raw/index.js'
import { formats, openShelves, put } from '../../attacks/shelves.js'
import { FixedClock } from '../../support/fixed-clock.js'
import { type House, openHouse } from '../../support/house.js'
import { memberOf } from '../../support/management.js'
import { publishBody } from '../../support/npm-package.js'
import { multipart, uploadParts } from '../../support/upload-form.js'
import { countedByHand, quotaRows, saidUsage, setQuota } from '../../support/usage-world.js'
import { buildWheel } from '../../support/wheel-builder.js'
import { exchange } from '../../support/wire.js'

const minute = 60_000
const KiB = 1_024
const refused = (size: string) => `The storage quota of organization acme (${size}) has no room for this upload`

describe('a quota', () => {
  let house: House
  let other: House | undefined
  let clock: FixedClock
  beforeEach(async () => {
    clock = new FixedClock()
    house = await openShelves({ clock })
  })
  afterEach(async () => {
    await other?.close()
    other = undefined
    await house.close()
  })
  const beside = async () => {
    other = await openHouse({ plugins: [maven, npm, pypi, raw, api], clock, beside: house })
    return other
  }
  const send = async (path: string, bytes: number, at: House = house) =>
    (await put(at, `/acme/raw/${path}`, Buffer.alloc(bytes, path))).status
  const fold = async () => {
    clock.advance(3 * minute)
    await house.kernel.chores.run('usage', {})
  }

  it('takes what fits and refuses what does not, with nothing stored of it', async () => {
    await setQuota(house, 10 * KiB)
    expect(await send('a', 6 * KiB)).to.equal(201)
    expect(await send('b', 5 * KiB)).to.equal(507)
    expect(await send('c', 4 * KiB)).to.equal(201)
    expect(await send('d', 1)).to.equal(507)
    expect(await house.storedFiles()).to.deep.equal(['acme/raw/a', 'acme/raw/c'])
    expect(await house.storedBlobs()).to.equal(2)
    // Equal bytes under the same name add nothing.
    expect(await saidUsage(house)).to.deep.equal(await countedByHand(house))
    expect((await put(house, '/beta/raw/e', 'x'.repeat(99_999), { as: 'bert' })).status).to.equal(201)
    await setQuota(house, 10 * KiB + 1)
    expect(await send('d', 1)).to.equal(201)
    await setQuota(house, null)
    expect(await send('e', 20 * KiB)).to.equal(201)
  })

  it('refuses an upload whose length is declared before a byte of it is asked for', async () => {
    await setQuota(house, 1)
    const authorization = { authorization: `Bearer ${house.token('dora')}` }
    const answer = await exchange(house.url, { method: 'PUT', target: '/acme/raw/a', headers: authorization, body: 'withheld' })
    expect([answer.status, answer.continued]).to.deep.equal([507, false])
  })

  it('refuses while it streams what does not say how long it is', async () => {
    await setQuota(house, 100 * KiB)
    let sent = 0
    const endless = async function* () {
      for (; sent < 400; sent++) yield Buffer.alloc(KiB, 1)
    }
    const answer = await house.call('PUT', '/acme/raw/a', { body: endless(), headers: { 'transfer-encoding': 'chunked' } })
    expect(answer.status).to.equal(507)
    expect(await house.storedBlobs()).to.equal(0)
    expect(await send('b', 100 * KiB)).to.equal(201)
  })

  it('is worded for the clients of each format', async () => {
    const wheel = buildWheel({ name: 'tool', version: '1.0' })
    const body = JSON.stringify(await publishBody({ name: 'ui', version: '1.0.0' }))
    await setQuota(house, 5)
    const answers = {
      mvn: await put(house, '/acme/mvn/org/demo/lib/1.0/lib-1.0.jar', 'a jar of bytes'),
      js: await put(house, '/acme/js/ui', body, { headers: { 'content-type': 'application/json' } }),
      py: await house.call('POST', '/acme/py/', multipart(uploadParts(wheel, 'tool', '1.0'))),
      raw: await put(house, '/acme/raw/a', 'some bytes'),
    }
    expect(formats.map((format) => answers[format].status)).to.deep.equal([413, 413, 413, 507])
    expect(answers.mvn.reason).to.equal('Storage quota of the organization exceeded')
    expect(answers.mvn.json()).to.include({ code: 'quota', detail: refused('5 bytes') })
    expect(answers.js.json()).to.deep.equal({ error: refused('5 bytes') })
    expect(answers.py.reason).to.equal(refused('5 bytes'))
    expect(answers.raw.text()).to.equal(`${refused('5 bytes')}\n`)
    expect([await house.storedFiles(), await house.storedDocuments(), await house.storedBlobs()]).to.deep.equal([[], [], 0])
  })

  it('holds at every instant over two processes that race', async () => {
    const limit = 40 * KiB
    await setQuota(house, limit)
    const second = await beside()
    let ended = false
    let looks = 0
    const watch = async () => {
      while (!ended) {
        const { bytes, reserved } = await quotaRows(house)
        expect(bytes + reserved).to.be.at.most(limit)
        expect((await countedByHand(house)).storageBytes).to.be.at.most(limit)
        looks += 1
      }
    }
    const watching = watch()
    const statuses = await Promise.all(
      Array.from({ length: 60 }, (_, n) => send(`${n}`, KiB + (n % 3), n % 2 === 0 ? house : second)),
    )
    ended = true
    await watching
    expect(looks).to.be.greaterThan(0)
    expect(new Set(statuses)).to.deep.equal(new Set([201, 507]))
    const stored = await countedByHand(house)
    expect(stored.files).to.equal(statuses.filter((status) => status === 201).length)
    expect(stored.storageBytes).to.be.at.most(limit)
    expect(stored.storageBytes).to.be.greaterThan(limit - 2 * (KiB + 2))
    await fold()
    expect(await quotaRows(house)).to.include({ bytes: stored.storageBytes })
  })

  it('has everything that is free again once all is idle, and what a process that died had drawn', async () => {
    await setQuota(house, 100 * KiB)
    const second = await beside()
    expect(await send('a', KiB)).to.equal(201)
    expect(await send('b', 2 * KiB, second)).to.equal(201)
    await fold()
    expect((await quotaRows(house)).bytes).to.equal(3 * KiB)
    expect((await quotaRows(house)).reserved).to.be.greaterThan(0)
    // Neither process says another word; their allowances end.
    clock.advance(30 * minute)
    await fold()
    expect(await quotaRows(house)).to.deep.equal({ bytes: 3 * KiB, reserved: 0, allowances: 0 })
    // The first one was only asleep.
    expect(await send('c', 97 * KiB)).to.equal(201)
    expect(await send('d', 1)).to.equal(507)
    await fold()
    expect((await quotaRows(house)).bytes).to.equal(100 * KiB)
  })

  it('takes up again what a closing process gives back', async () => {
    await setQuota(house, 1_000 * KiB)
    const second = await beside()
    expect(await send('a', KiB, second)).to.equal(201)
    await second.close()
    other = undefined
    expect((await quotaRows(house)).reserved).to.equal(KiB)
    expect(await send('b', 999 * KiB)).to.equal(201)
  })

  it('set below what is stored refuses uploads and nothing else', async () => {
    expect(await send('a', 10 * KiB)).to.equal(201)
    await setQuota(house, KiB)
    expect(await send('b', 1)).to.equal(507)
    expect((await house.call('GET', '/acme/raw/a')).status).to.equal(200)
    expect((await house.call('DELETE', '/acme/raw/a', { as: 'olga' })).status).to.equal(204)
  })

  it('is the operator’s to set', async () => {
    expect((await setQuota(house, 5))['quota']).to.deep.equal({ storageBytes: 5 })
    expect((await memberOf(house, 'olga').done('GET', 'usage'))['quota']).to.deep.equal({ storageBytes: 5 })
    const body = JSON.stringify({ quota: { storageBytes: 9 } })
    const headers = { 'content-type': 'application/json' }
    expect((await house.call('PATCH', '/-/api/v1/organizations/acme', { as: 'olga', body, headers })).status).to.be.oneOf([
      401, 403,
    ])
    for (const storageBytes of [-1, 1.5, '5'])
      expect(
        (
          await house.call('PATCH', '/-/api/v1/organizations/acme', {
            as: 'nobody',
            headers: { ...headers, authorization: `Bearer ${house.operatorToken()}` },
            body: JSON.stringify({ quota: { storageBytes } }),
          })
        ).status,
      ).to.equal(400)
  })
})
