import { expect } from 'chai'
import raw from '../../../plugins/raw/index.js'
import { type House, openHouse } from '../../support/house.js'
import { emptyShelves } from './empty-shelves.js'
import { keys, refused } from './path-table.js'

const base = '/acme/files'

describe('paths of raw files', () => {
  let house: House
  let blobs = 0
  before(async () => {
    house = await openHouse({ plugins: [raw], repositories: [{ name: 'files', format: 'raw' }] })
  })
  after(() => house.close())
  beforeEach(async () => {
    blobs = await emptyShelves(house)
  })

  for (const [target, key] of keys) {
    it(`PUT ${target.slice(0, 60)} makes the file ${key.slice(0, 60)}, which GET, HEAD and DELETE find under the same spelling`, async () => {
      expect((await house.call('PUT', base + target, { body: 'x' })).status).to.equal(201)
      expect(await house.storedFiles()).to.deep.equal([`acme/files/${key}`])
      expect((await house.call('GET', base + target)).text()).to.equal('x')
      expect((await house.call('HEAD', base + target)).status).to.equal(200)
      expect((await house.call('DELETE', base + target, { as: 'olga' })).status).to.equal(204)
      expect(await house.storedFiles()).to.deep.equal([])
    })
  }

  it('a name in NFC and in NFD is one file', async () => {
    expect((await house.call('PUT', `${base}/cafe%CC%81`, { body: 'x' })).status).to.equal(201)
    expect((await house.call('GET', `${base}/caf%C3%A9`)).text()).to.equal('x')
    expect((await house.call('PUT', `${base}/caf%C3%A9`, { body: 'y' })).status).to.equal(204)
    expect(await house.storedFiles()).to.deep.equal(['acme/files/café'])
  })

  for (const target of refused) {
    it(`${target.slice(0, 60)} is refused with 400 by every method, and nothing is written`, async () => {
      for (const method of ['PUT', 'GET', 'HEAD', 'DELETE']) {
        const answer = await house.call(method, base + target, { as: 'olga', ...(method === 'PUT' ? { body: 'x' } : {}) })
        expect(answer.status, method).to.equal(400)
      }
      expect(await house.storedFiles()).to.deep.equal([])
      expect(await house.storedBlobs()).to.equal(blobs)
    })
  }

  it('a path of more than 4 KiB is 414', async () => {
    expect((await house.call('GET', `${base}/${'a/'.repeat(2100)}`)).status).to.equal(414)
  })

  it('a target of 20 KB is 431, before anybody looks at it', async () => {
    expect((await house.call('PUT', `${base}/${'a'.repeat(20_000)}`, { body: 'x' })).status).to.equal(431)
    expect(await house.storedBlobs()).to.equal(blobs)
  })

  it("the first segment '-' is reserved: nothing is found there and nothing can be put there", async () => {
    expect((await house.call('GET', `${base}/-/x`)).status).to.equal(404)
    expect((await house.call('GET', `${base}/-/`)).status).to.equal(404)
    expect((await house.call('PUT', `${base}/-/x`, { body: 'x' })).status).to.be.oneOf([404, 405])
    expect((await house.call('PUT', `${base}//-/x`, { body: 'x' })).status).to.be.oneOf([404, 405])
    expect(await house.storedFiles()).to.deep.equal([])
  })

  it('a name that ends in a slash cannot be put', async () => {
    for (const target of ['/a/', '/a/b/', '/']) {
      const answer = await house.call('PUT', base + target, { body: 'x' })
      expect([target, answer.status, answer.text()]).to.deep.equal([target, 400, 'The name of a file does not end in a slash\n'])
    }
    expect(await house.storedBlobs()).to.equal(blobs)
  })

  it('a file cannot stand where a folder is, nor a folder where a file is', async () => {
    await house.call('PUT', `${base}/a/b/c`, { body: 'x' })
    const onFolder = await house.call('PUT', `${base}/a/b`, { body: 'y' })
    expect([onFolder.status, onFolder.text()]).to.deep.equal([409, 'a/b is a folder\n'])
    const belowFile = await house.call('PUT', `${base}/a/b/c/d/e`, { body: 'y' })
    expect([belowFile.status, belowFile.text()]).to.deep.equal([409, 'a/b/c is a file, nothing can lie below it\n'])
    expect(await house.storedFiles()).to.deep.equal(['acme/files/a/b/c'])
  })
})
