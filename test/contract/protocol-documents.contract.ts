import { expect } from 'chai'
import type { ProtocolPlugin } from '#core'
import { type House, openHouse } from '../support/house.js'
import { as, type ContractCall, type ProtocolContract, send, shelf } from './contract-words.js'

/** What clients resolve from, as they read it over HTTP; and documents of another version of the plugin. */
export function documentContract(
  house: () => House,
  plugin: ProtocolPlugin,
  contract: ProtocolContract,
  content: Uint8Array,
): void {
  const read = (call: ContractCall, headers: Readonly<Record<string, string>> = {}, at = house()) =>
    at.call(call.method, `/acme/${shelf}${call.path}`, as('dora', { ...call, headers: { ...call.headers, ...headers } }))

  for (const [name, calls] of Object.entries(contract.documents ?? {})) {
    it(`serves the index ${name} with a tag that holds until the next commit, in each flavour`, async () => {
      expect(await send(house(), contract.publish(content))).to.be.within(200, 299)
      const first = []
      for (const call of calls) {
        const answer = await read(call)
        expect(answer.status, call.path).to.equal(200)
        const etag = answer.headers['etag'] ?? ''
        expect(etag, 'an entity tag').not.to.equal('')
        const again = await read(call, { 'if-none-match': etag })
        expect([again.status, again.body.length]).to.deep.equal([304, 0])
        expect((await read(call)).body.equals(answer.body), 'the same revision has other bytes').to.equal(true)
        first.push({ call, etag, body: answer.body })
      }
      expect(new Set(first.map(({ body }) => body.toString('latin1'))).size, 'flavours differ').to.equal(calls.length)
      if (contract.publishNext === undefined) return
      expect(await send(house(), contract.publishNext)).to.be.within(200, 299)
      for (const { call, etag, body } of first) {
        const next = await read(call, { 'if-none-match': etag })
        expect(next.status, 'an old tag was still good after a commit').to.equal(200)
        expect(next.body.equals(body), 'a commit did not show').to.equal(false)
      }
    })
  }

  const { documents } = plugin
  if (documents)
    it('reads its documents of today through the next version, and says 503 of newer ones, never guesses', async () => {
      const from: number[] = []
      const newer = Object.create(plugin, {
        documents: {
          enumerable: true,
          value: {
            v: documents.v + 1,
            upgrade: (value: never, version: number) => {
              from.push(version)
              return value
            },
          },
        },
      }) as ProtocolPlugin
      expect(await send(house(), contract.publish(content))).to.be.within(200, 299)
      const next = await openHouse({ plugins: [newer], beside: house() })
      try {
        expect((await read(contract.fetch, {}, next)).body.equals(content)).to.equal(true)
        expect(new Set(from)).to.satisfy((seen: Set<number>) => seen.size === 0 || (seen.size === 1 && seen.has(documents.v)))
        if (contract.publishNext === undefined) return
        const { method, path } = contract.publishNext
        const answer = await next.call(method, `/acme/${shelf}${path}`, as('dora', contract.publishNext))
        expect(answer.status).to.be.within(200, 299)
      } finally {
        await next.close()
      }
      for (const call of Object.values(contract.documents ?? {}).flat())
        expect((await read(call)).status, `${call.path} over documents of a newer version`).to.be.oneOf([200, 503])
    })
}
