import { expect } from 'chai'
import { instanceOf } from '../support/management.js'
import { basic, expectUnharmed, openWholeHouse, packages, type Stored, stored } from './whole-house.js'

describe('attacks across two tenants that look alike (security guide 4, A)', function () {
  this.timeout(60_000)

  it('A10 equal names and bytes: what is removed in one is untouched in the other', async () => {
    const house = await openWholeHouse({ store: 'files' })
    try {
      const theirs = async () => {
        const found: unknown[] = []
        for (const target of [...packages('beta'), '/beta/js/-/v1/search?text=tool', '/beta/py/simple/', '/beta/files/']) {
          const { status, headers, body } = await house.call('GET', target, { as: 'bert' })
          expect(status, target).to.equal(200)
          // A search tells when it was made.
          found.push([target, headers['etag'], body.toString('latin1').replace(/"time":"[^"]*"}$/, '')])
        }
        return found
      }
      const ofBeta = ({ files, documents }: Stored) => [...files, ...documents].filter((name) => name.startsWith('beta/'))
      const before = await stored(house)
      const seen = await theirs()
      expect(ofBeta(before)).to.have.length((before.files.length + before.documents.length) / 2)

      const { _rev } = (await house.call('GET', '/acme/js/tool')).json() as { _rev: string }
      expect((await house.call('DELETE', `/acme/js/tool/-rev/${_rev}`, { as: 'olga' })).status).to.equal(200)
      for (const target of ['/acme/files/kept.txt', '/acme/jars/org/demo/tool/1.0/tool-1.0.pom'])
        expect((await house.call('DELETE', target, { as: 'olga' })).status, target).to.equal(204)
      expect(await theirs()).to.deep.equal(seen)

      await instanceOf(house).done('DELETE', 'organizations/acme')
      expect(await theirs()).to.deep.equal(seen)
      expect(ofBeta(await stored(house))).to.deep.equal(ofBeta(before))
      for (const target of packages('acme')) expect((await house.call('GET', target)).status, target).to.equal(401)
    } finally {
      await house.close()
    }
  })

  it('A12 headers of a proxy that nobody trusts name neither a caller nor an address', async () => {
    const house = await openWholeHouse()
    try {
      const written = await stored(house)
      const claims = [
        'x-forwarded-user',
        'x-remote-user',
        'remote-user',
        'x-authenticated-user',
        'x-auth-request-user',
        'x-webauth-user',
      ]
      for (const name of claims)
        for (const target of [...packages('acme'), '/acme/-/api/v1/members', '/-/api/v1/organizations'])
          expect((await house.call('GET', target, { as: 'nobody', headers: { [name]: 'olga' } })).status, name).to.equal(401)
      const guess = (address: number) => {
        const from = `203.0.113.${address}`
        const headers = {
          authorization: basic('olga', 'wrong'),
          'x-forwarded-for': from,
          'x-real-ip': from,
          forwarded: `for=${from}`,
        }
        return house.call('GET', '/acme/files/kept.txt', { as: 'nobody', headers })
      }
      const statuses: number[] = []
      for (let address = 1; address <= 12; address++) statuses.push((await guess(address)).status)
      expect(statuses.slice(0, 10)).to.deep.equal(Array.from({ length: 10 }, () => 401))
      expect(statuses.slice(10)).to.deep.equal([429, 429])
      await expectUnharmed(house, written)
    } finally {
      await house.close()
    }
  })
})
