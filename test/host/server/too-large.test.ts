import { expect } from 'chai'
import raw from '../../../plugins/raw/index.js'
import { openHouse } from '../../support/house.js'
import { exchange } from '../../support/wire.js'

describe('an upload above the limit of its repository', () => {
  it('is refused by its declared length, without 100 Continue, and nothing is written', async () => {
    const house = await openHouse({ plugins: [raw], repositories: [{ name: 'small', format: 'raw', maxSize: 10 }] })
    try {
      const headers = { Authorization: `Bearer ${house.token('dora')}` }
      const answer = await exchange(house.url, { method: 'PUT', target: '/acme/small/x', headers, body: 'withheld' })
      expect([answer.status, answer.continued]).to.deep.equal([413, false])
      expect((await house.call('PUT', '/acme/small/x', { body: 'more than ten' })).status).to.equal(413)
      expect((await house.call('PUT', '/acme/small/x', { body: 'just ten!!' })).status).to.equal(201)
      expect(await house.storedFiles()).to.deep.equal(['acme/small/x'])
    } finally {
      await house.close()
    }
  })
})
