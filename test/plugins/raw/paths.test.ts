import { createHash } from 'node:crypto'
import { expect } from 'chai'
import raw from '../../../plugins/raw/index.js'
import { type House, openHouse } from '../../support/house.js'
import { emptyShelves } from './empty-shelves.js'
import { keys, refused } from './path-table.js'

const base = '/acme/files'
const etag = (text: string) => `"${createHash('sha256').update(text).digest('hex')}"`

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

  const row = (target: string) => `${target.slice(0, 60)}${target.length > 60 ? `… (${target.length})` : ''}`
  const canonical = (key: string) => `${base}/${key.split('/').map(encodeURIComponent).join('/')}`
  const statuses = async (method: string, targets: readonly string[]) => {
    const found: number[] = []
    for (const target of targets)
      found.push((await house.call(method, target, { as: 'olga', ...(method === 'PUT' ? { body: 'x' } : {}) })).status)
    return found
  }

  for (const [target, key] of keys) {
    describe(`${row(target)} is the file ${row(key)}`, () => {
      const both = [base + target, canonical(key)]
      it('for PUT, which finds it again under its canonical address', async () => {
        expect(await statuses('PUT', both)).to.deep.equal([201, 200])
        expect(await house.storedFiles()).to.deep.equal([`acme/files/${key}`])
        await emptyShelves(house)
        expect(await statuses('PUT', both.toReversed())).to.deep.equal([201, 200])
        expect(await house.storedFiles()).to.deep.equal([`acme/files/${key}`])
      })
      it('for GET and HEAD, which give what the canonical address gives', async () => {
        expect(await statuses('PUT', [canonical(key)])).to.deep.equal([201])
        for (const method of ['GET', 'HEAD']) {
          const [answer, expected] = await Promise.all(both.map((one) => house.call(method, one)))
          const { date: _, 'x-request-id': __, ...headers } = answer?.headers ?? {}
          const { date: ___, 'x-request-id': ____, ...same } = expected?.headers ?? {}
          expect([answer?.status, answer?.text(), headers], method).to.deep.equal([200, method === 'GET' ? 'x' : '', same])
          expect(headers).to.include({ etag: etag('x'), 'content-length': '1' })
        }
      })
      it('for DELETE, which leaves nothing under either', async () => {
        await statuses('PUT', [canonical(key)])
        expect(await statuses('DELETE', both)).to.deep.equal([204, 404])
        expect(await house.storedFiles()).to.deep.equal([])
      })
    })
  }

  it('a name in NFC and in NFD is one file', async () => {
    expect((await house.call('PUT', `${base}/cafe%CC%81`, { body: 'x' })).status).to.equal(201)
    expect((await house.call('GET', `${base}/caf%C3%A9`)).text()).to.equal('x')
    expect((await house.call('PUT', `${base}/caf%C3%A9`, { body: 'y' })).status).to.equal(204)
    expect(await house.storedFiles()).to.deep.equal(['acme/files/café'])
  })

  for (const target of refused)
    for (const method of ['GET', 'PUT', 'HEAD', 'DELETE'])
      it(`${row(target)} is refused with 400 by ${method}, and nothing is written`, async () => {
        const answer = await house.call(method, base + target, { as: 'olga', ...(method === 'PUT' ? { body: 'x' } : {}) })
        expect(answer.status).to.equal(400)
        expect(answer.headers['content-type']).to.be.oneOf(['application/problem+json', 'text/plain; charset=utf-8'])
        expect([await house.storedFiles(), await house.storedBlobs()]).to.deep.equal([[], blobs])
      })

  it('a path has 1,024 bytes at most, counted as UTF-8 after decoding', async () => {
    const longest = `${`${'é'.repeat(100)}/`.repeat(5)}${'n'.repeat(19)}`
    expect(Buffer.byteLength(longest)).to.equal(1024)
    const target = canonical(longest)
    for (const [method, status] of [
      ['PUT', 201],
      ['GET', 200],
      ['HEAD', 200],
      ['DELETE', 204],
    ] as const) {
      expect(await statuses(method, [target]), method).to.deep.equal([status])
      expect(await statuses(method, [`${target}n`]), method).to.deep.equal([400])
    }
  })

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
