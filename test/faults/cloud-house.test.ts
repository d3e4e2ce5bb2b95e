import { expect } from 'chai'
import { openShelves, publish, put, upload, wheel } from '../attacks/shelves.js'
import { obtain } from '../clients/client-cache.js'
import type { Answer, House } from '../support/house.js'
import { cloudServers } from '../support/servers.js'
import { CloudProxy, faults } from './cloud-proxy.js'
import { type FaultyStores, openFaultyStores } from './cloud-stores.js'

/** A publication asks its stores one after the other; each question has a deadline, and the machine its own pace. Milliseconds. */
const longestRequest = 60_000

interface Publication {
  readonly what: string
  publish(): Promise<Answer>
  /** Where its bytes are read, and what they are. */
  readonly file: string
  readonly content: (() => Buffer) | undefined
}

describe('A house whose S3 and DynamoDB are hurt', () => {
  let proxy: CloudProxy
  let stores: FaultyStores
  let house: House
  /** The same house without the trouble. */
  let beside: House
  before(async function () {
    this.timeout(60_000)
    const { endpoint } = await obtain(this, 'S3 and DynamoDB', cloudServers)
    proxy = await CloudProxy.start(endpoint)
    stores = await openFaultyStores(endpoint, proxy.url)
    house = await openShelves({
      idle: true,
      parts: async () => ({ blobs: stores.blobs, metadata: stores.rows, keyStore: stores.keys }),
    })
    const { blobs, rows, keys } = stores.clean
    beside = await openShelves({ beside: house, idle: true, parts: async () => ({ blobs, metadata: rows, keyStore: keys }) })
  })
  after(async () => {
    await beside?.close()
    await house?.close()
    await proxy?.stop()
  })

  for (const percent of [10, 30, 50])
    it(`says 503 of what it did not do, and has what it acknowledged: every fault, at ${percent} % of the calls`, async function () {
      this.timeout(180_000)
      proxy.hurt({ seed: percent, percent, faults })
      const left = [...publications(`p${percent}`)]
      const outcomes: { publication: Publication; answer: Answer; after: number; read: Answer }[] = []
      const client = async () => {
        for (let publication = left.shift(); publication !== undefined; publication = left.shift()) {
          const began = performance.now()
          const answer = await publication.publish()
          const after = performance.now() - began
          outcomes.push({ publication, answer, after, read: await house.call('GET', publication.file) })
        }
      }
      await Promise.all(Array.from({ length: 4 }, client))
      proxy.hurt(undefined)
      for (const { publication, answer, after, read } of outcomes) {
        const { what, file, content } = publication
        expect(after, what).to.be.lessThan(longestRequest)
        expect(answer.status, `${what}: ${answer.text()}`).to.be.oneOf([200, 201, 503])
        if (answer.status === 503) expect(Number(answer.headers['retry-after']), what).to.be.within(1, 300)
        const found = await beside.call('GET', file)
        // What was not acknowledged is there whole, or not at all.
        expect(found.status, what).to.be.oneOf(answer.status === 503 ? [200, 404] : [200])
        expect(read.status, what).to.be.oneOf([found.status, 503])
        for (const { status, body } of [found, read])
          if (status === 200 && content !== undefined) expect(body.equals(content()), what).to.equal(true)
      }
      // Trouble was there, and most went well where it was little.
      const done = outcomes.filter(({ answer }) => answer.status !== 503).length
      if (percent === 10) expect(done).to.be.greaterThan(outcomes.length / 2)
      expect(proxy.calls - (proxy.done.get('none') ?? 0)).to.be.greaterThan(10)
    })

  it('has nothing in its store that a crash would take away, and publishes again when the trouble is over', async () => {
    proxy.hurt(undefined)
    expect((await put(house, '/acme/raw/after/trouble.txt', 'calm')).status).to.equal(201)
    expect((await beside.call('GET', '/acme/raw/after/trouble.txt')).text()).to.equal('calm')
    const files = await beside.storedFiles()
    // Addresses of these formats are the names of their files.
    for (const file of files.filter((one) => /^acme\/(raw|mvn)\//.test(one)))
      expect((await beside.call('GET', `/${file}`)).status, file).to.equal(200)
  }).timeout(60_000)

  function publications(name: string): readonly Publication[] {
    const large = Buffer.alloc(9_000_000, `large ${name}`)
    return Array.from({ length: 4 }, (_, at) => `${name}-${at}`).flatMap((id): Publication[] => {
      const file = wheel(`lib-${id}`, '1.0.0')
      const raw = Buffer.from(`raw ${id}`)
      const jar = Buffer.from(`jar ${id}`)
      return [
        {
          what: `raw ${id}`,
          publish: () => put(house, `/acme/raw/d/${id}.txt`, raw),
          file: `/acme/raw/d/${id}.txt`,
          content: () => raw,
        },
        {
          what: `maven ${id}`,
          publish: () => put(house, `/acme/mvn/org/demo/${id}/1.0/${id}-1.0.jar`, jar),
          file: `/acme/mvn/org/demo/${id}/1.0/${id}-1.0.jar`,
          content: () => jar,
        },
        {
          what: `npm ${id}`,
          publish: () => publish(house, { name: id, version: '1.0.0' }),
          file: `/acme/js/${id}/-/${id}-1.0.0.tgz`,
          content: undefined,
        },
        {
          what: `python ${id}`,
          publish: () => upload(house, file, `lib-${id}`, '1.0.0'),
          file: `/acme/py/files/${file.sha256}/${file.filename}`,
          content: () => file.content,
        },
        ...(id.endsWith('-0')
          ? [
              {
                what: `large ${id}`,
                publish: () => put(house, `/acme/raw/l/${id}.bin`, large),
                file: `/acme/raw/l/${id}.bin`,
                content: () => large,
              },
            ]
          : []),
      ]
    })
  }
})
