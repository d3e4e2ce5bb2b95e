import { PassThrough } from 'node:stream'
import { expect } from 'chai'
import type { Answer, House } from '../support/house.js'
import { instanceOf, memberOf, operatorOf } from '../support/management.js'
import { openShelves, shelves } from '../support/shelves.js'

const expectProblem = (answer: Answer, ...[status, code, detail]: readonly [number, string, string]) => {
  expect(answer.status).to.equal(status)
  expect(answer.json()).to.deep.include({ status, code, detail })
}

const reason = 'moving house until noon'

describe('read-only', () => {
  let house: House
  beforeEach(async () => {
    house = await openShelves()
    for (const shelf of shelves) await shelf.publish(house, shelf.format, '1.0.0')
  })
  afterEach(() => house.close())

  const organization = (readOnly: string | null) => instanceOf(house).done('PATCH', 'organizations/acme', { readOnly })
  const instance = (text: string | null) => instanceOf(house).done('PUT', 'read-only', { reason: text })

  for (const [what, set, words] of [
    ['an organization', organization, `This organization is read-only: ${reason}`],
    ['the instance', instance, `This server is read-only: ${reason}`],
  ] as const) {
    it(`${what} takes no write, says why in the words of each format, and is read as before`, async () => {
      const files = await house.storedFiles()
      await set(reason)
      for (const shelf of shelves) {
        const answer = (await shelf.publish(house, shelf.format, '2.0.0')) as { status: number; reason: string } | number
        if (shelf.format === 'maven') expect(answer).to.equal(503)
        else expect([shelf.format, typeof answer === 'number' ? answer : answer.status]).to.deep.equal([shelf.format, 503])
        for (const address of shelf.reads('1.0.0'))
          expect((await house.call('GET', `/acme/${shelf.format}/${address}`)).status, address).to.equal(200)
      }
      const put = (target: string) => house.call('PUT', target, { as: 'olga', body: 'x' })
      expect((await put('/acme/raw/new.txt')).text()).to.contain(words)
      expect((await put('/acme/maven/org/demo/new/1.0/new-1.0.pom')).reason).to.equal(words)
      const npm = await house.call('PUT', '/acme/npm/-/package/@acme%2fui/dist-tags/next', {
        as: 'olga',
        headers: { 'content-type': 'application/json' },
        body: '"1.0.0"',
      })
      expect([npm.status, npm.text()]).to.deep.equal([503, JSON.stringify({ error: words })])
      expect((await house.call('DELETE', '/acme/raw/docs/guide/1.0.0.txt', { as: 'olga' })).status).to.equal(503)
      expectProblem(await memberOf(house, 'olga').send('DELETE', 'packages/npm/@acme%2Fui/1.0.0'), 503, 'unavailable', words)
      expectProblem(
        await operatorOf(house).send('POST', 'repositories', { name: 'new', format: 'raw' }),
        503,
        'unavailable',
        words,
      )
      expect((await operatorOf(house).send('GET', 'repositories')).status).to.equal(200)
      expect(await house.storedFiles()).to.deep.equal(files)

      await set(null)
      expect((await put('/acme/raw/new.txt')).status).to.equal(201)
    })
  }

  it('refuses an upload that was running when the switch was thrown, and keeps nothing of it', async () => {
    for (const set of [organization, instance]) {
      const [files, blobs] = [await house.storedFiles(), await house.storedBlobs()]
      const peers = house.peers.size
      const body = new PassThrough()
      body.write('first half')
      const upload = house.call('PUT', '/acme/raw/late.txt', { body })
      while (house.peers.size === peers) await new Promise((resolve) => setImmediate(resolve))
      await set(reason)
      body.end(' and the rest')
      expect((await upload).status).to.equal(503)
      expect([await house.storedFiles(), await house.storedBlobs()]).to.deep.equal([files, blobs])
      await set(null)
    }
  })

  it('of one organization leaves the others alone', async () => {
    await organization(reason)
    expect((await house.call('PUT', '/beta/raw/free.txt', { as: 'bert', body: 'x' })).status).to.equal(201)
    expect((await instanceOf(house).done('GET', 'organizations/acme'))['readOnly']).to.equal(reason)
    expect(await instanceOf(house).done('GET', 'read-only')).to.deep.equal({ reason: null })
  })

  it('of the instance holds back what the operator does to organizations and advisories, but for the way back and for keeping people out', async () => {
    await instance(reason)
    const refused = `This server is read-only: ${reason}`
    for (const [method, path, body] of [
      ['POST', 'organizations', { name: 'new' }],
      ['PATCH', 'organizations/acme', { name: 'zenith' }],
      ['PATCH', 'organizations/acme', { quota: { storageBytes: 1 }, readOnly: null }],
      ['DELETE', 'organizations/acme', undefined],
      ['DELETE', 'advisories', undefined],
    ] as const)
      expectProblem(await instanceOf(house).send(method, path, body), 503, 'unavailable', refused)
    const feed = { type: 'application/x-ndjson', body: '{"id":"X-1"}\n' }
    const loaded = await house.call('PUT', '/-/api/v1/advisories', {
      as: 'nobody',
      headers: { authorization: `Bearer ${house.operatorToken()}`, 'content-type': feed.type },
      body: feed.body,
    })
    expectProblem(loaded, 503, 'unavailable', refused)
    expect((await instanceOf(house).items('organizations')).map(({ name }) => name)).to.deep.equal(['acme', 'beta'])
    expect((await instanceOf(house).done('PATCH', 'organizations/acme', { status: 'suspended' }))['status']).to.equal('suspended')
    expect((await instanceOf(house).done('PATCH', 'organizations/acme', { status: 'active' }))['status']).to.equal('active')
    await instance(null)
    expect((await instanceOf(house).done('POST', 'organizations', { name: 'new' }))['name']).to.equal('new')
  })

  it('of an organization keeps it from being deleted or renamed', async () => {
    await organization(reason)
    const refused = `This organization is read-only: ${reason}`
    expectProblem(await instanceOf(house).send('DELETE', 'organizations/acme'), 503, 'unavailable', refused)
    expectProblem(await instanceOf(house).send('PATCH', 'organizations/acme', { name: 'zenith' }), 503, 'unavailable', refused)
    for (const shelf of shelves)
      for (const address of shelf.reads('1.0.0'))
        expect((await house.call('GET', `/acme/${shelf.format}/${address}`)).status, address).to.equal(200)
    await organization(null)
    expect((await instanceOf(house).send('DELETE', 'organizations/acme')).status).to.equal(204)
  })
})
