import { brotliDecompressSync, gunzipSync } from 'node:zlib'
import { expect } from 'chai'
import npm from '../../../plugins/npm/index.js'
import { type Answer, type House, openHouse } from '../../support/house.js'
import { type NpmPackage, publishBody } from '../../support/npm-package.js'

const flavours = {
  full: 'application/json',
  abbreviated: 'application/vnd.npm.install-v1+json; q=1.0, application/json; q=0.8, */*',
}
const same = ['etag', 'vary', 'cache-control'] as const
const documentation = { text: 'long enough to be compressed '.repeat(60) }

/** As much memory for documents as makes every packument here too large to be held. */
const cramped = { documentCache: 8 * 1024 }

for (const [what, limits] of [
  ['held whole', {}],
  ['kept packed', cramped],
] as const) {
  describe(`npm: a packument in all its variants, ${what}`, () => {
    let house: House
    before(async () => {
      house = await openHouse({
        plugins: [npm],
        repositories: [{ name: 'js', format: 'npm' }],
        parts: async () => ({ limits }),
      })
      for (const version of ['1.9.0', '1.10.0', '2.0.0-rc.1']) await publish({ name: 'foo', version, documentation })
    })
    after(() => house.close())

    const publish = async (manifest: NpmPackage) => {
      const answer = await house.call('PUT', `/acme/js/${manifest.name}`, { body: JSON.stringify(await publishBody(manifest)) })
      expect(answer.status, answer.text()).to.equal(201)
    }
    const ask = (accept: string, coding?: string, headers: Record<string, string> = {}, method = 'GET') =>
      house.call(method, '/acme/js/foo', {
        headers: { accept, ...(coding === undefined ? {} : { 'accept-encoding': coding }), ...headers },
      })
    const unpacked = ({ headers, body }: Answer) => {
      if (headers['content-encoding'] === 'gzip') return gunzipSync(body)
      return headers['content-encoding'] === 'br' ? brotliDecompressSync(body) : body
    }

    for (const [flavour, accept] of Object.entries(flavours)) {
      it(`is one ${flavour} document in every coding, under one tag, of a length that is told`, async () => {
        const plain = await ask(accept)
        expect(plain.headers['content-encoding']).to.equal(undefined)
        for (const [offered, coding] of [
          ['gzip, deflate', 'gzip'],
          ['gzip,deflate,br', 'br'],
          ['zstd,gzip,deflate', 'gzip'],
          ['gzip, deflate, br, zstd', 'br'],
          ['deflate', undefined],
          ['identity', undefined],
          ['gzip;q=0', undefined],
        ] as const) {
          const answer = await ask(accept, offered)
          expect([answer.status, answer.headers['content-encoding']], offered).to.deep.equal([200, coding])
          expect(unpacked(answer).equals(plain.body), offered).to.equal(true)
          expect(answer.headers['content-length'], offered).to.equal(String(answer.body.length))
          for (const header of same) expect(answer.headers[header], `${offered} ${header}`).to.equal(plain.headers[header])
        }
        const again = await ask(accept)
        expect(again.body.equals(plain.body)).to.equal(true)
      })

      it(`answers HEAD with the headers of the ${flavour} document and nothing else`, async () => {
        for (const coding of [undefined, 'gzip', 'br']) {
          const [get, head] = [await ask(accept, coding), await ask(accept, coding, {}, 'HEAD')]
          const { date: _got, 'x-request-id': _id, ...expected } = get.headers
          const { date: _head, 'x-request-id': _other, ...headers } = head.headers
          expect([head.status, head.body.length, headers]).to.deep.equal([200, 0, expected])
        }
      })

      it(`answers 304 to the tag of the ${flavour} document, however a proxy has written it, and to no other`, async () => {
        const { headers } = await ask(accept, 'gzip')
        const etag = headers['etag'] ?? ''
        const strong = etag.replace('W/', '')
        for (const given of [etag, strong, `"other", ${etag}`, '*', `W/"x",${strong}`]) {
          const answer = await ask(accept, 'br', { 'if-none-match': given })
          expect([answer.status, answer.body.length], given).to.deep.equal([304, 0])
          for (const header of same) expect(answer.headers[header], `${given} ${header}`).to.equal(headers[header])
        }
        const [other] = Object.values(flavours).filter((each) => each !== accept)
        const stranger = (await ask(other ?? '')).headers['etag'] ?? ''
        for (const given of [stranger, '"other"', '', strong.slice(0, -2), 'W/'])
          expect((await ask(accept, 'br', { 'if-none-match': given })).status, given).to.equal(200)
      })
    }

    it('lists versions and times as they were published, times in both flavours', async () => {
      for (const accept of Object.values(flavours)) {
        const { versions, time } = (await ask(accept)).json() as { versions: object; time: Record<string, string> }
        expect(Object.keys(versions)).to.deep.equal(['1.9.0', '1.10.0', '2.0.0-rc.1'])
        expect(Object.keys(time)).to.deep.equal(['created', 'modified', '1.9.0', '1.10.0', '2.0.0-rc.1'])
      }
    })

    it('has nothing in the abbreviated flavour that belongs to the full one', async () => {
      const document = (await ask(flavours.abbreviated)).json() as { versions: Record<string, object> }
      expect(Object.keys(document)).to.deep.equal(['name', 'modified', 'versions', 'time', 'dist-tags'])
      expect(Object.keys(document.versions['1.9.0'] ?? {})).to.deep.equal(['name', 'version', '_hasShrinkwrap', 'dist'])
    })

    it('has no tag that names a version which is not in it', async () => {
      for (const accept of Object.values(flavours)) {
        const { versions, 'dist-tags': tags } = (await ask(accept)).json() as {
          versions: object
          'dist-tags': Record<string, string>
        }
        expect(Object.keys(versions)).to.include.members(Object.values(tags))
        expect(tags).to.deep.equal({ latest: '2.0.0-rc.1' })
      }
    })

    it('is another one after a change, in every variant', async () => {
      const variants = () =>
        Promise.all(Object.values(flavours).flatMap((accept) => ['', 'gzip', 'br'].map((coding) => ask(accept, coding))))
      const before = await variants()
      await publish({ name: 'foo', version: '2.0.0', documentation })
      const after = await variants()
      for (const [index, answer] of after.entries()) {
        expect(answer.headers['etag']).not.to.equal(before[index]?.headers['etag'])
        const { versions } = JSON.parse(unpacked(answer).toString()) as { versions: object }
        expect(Object.keys(versions)).to.include('2.0.0')
      }
    })
  })
}
