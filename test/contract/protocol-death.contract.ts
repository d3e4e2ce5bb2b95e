import { randomBytes } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import { FsBlobStore } from '../../core/storage/drivers/fs-blob-store.js'
import { LmdbMetadataStore } from '../../core/storage/drivers/lmdb-metadata-store.js'
import type { MetadataStore } from '../../core/storage/metadata-store.js'
import { type House, openHouse } from '../support/house.js'
import { memoryRootKey } from '../support/root-key.js'
import { as, type ProtocolContract, send, shelf, stored } from './contract-words.js'

/** More commits than any publication has. */
const commitsAtMost = 20

/** A process that ends in the middle of a publication, and stores that are closed and opened again. */
export function deathContract(house: () => House, contract: ProtocolContract, content: Uint8Array): void {
  const { fetch } = contract
  const open = () => openHouse({ plugins: house().kernel.plugins(), repositories: [{ name: shelf, format: formatOf(house()) }] })
  const named = async (of: House) => {
    const { files, documents } = await stored(of)
    // Keys may say when.
    return [...files, ...documents].map((name) => name.replaceAll(/\d{8,}/g, 'N'))
  }

  it('leaves all or nothing of a publication whose process dies, behind whichever of its commits', async function () {
    this.timeout(60_000)
    const before = await named(house())
    expect(await send(house(), contract.publish(content)), 'publishing').to.be.within(200, 299)
    const after = await named(house())
    for (let survives = 0; ; survives++) {
      if (survives === commitsAtMost) throw new Error(`a publication of more than ${commitsAtMost} commits`)
      const standing = await open()
      const life = { left: survives }
      const dying = await openHouse({
        plugins: house().kernel.plugins(),
        beside: standing,
        parts: async () => ({ metadata: mortal(standing.parts.metadata, life) }),
      })
      try {
        life.left = survives
        const call = contract.publish(content)
        const { status } = await dying.call(call.method, `/acme/${shelf}${call.path}`, as('dora', call))
        const died = life.left < 0
        const found = await named(standing)
        const whole = JSON.stringify(found) === JSON.stringify(after)
        if (status < 300) expect(found, 'acknowledged').to.deep.equal(after)
        else if (!whole) expect(found, `behind commit ${survives}`).to.deep.equal(before)
        const answer = await standing.call(fetch.method, `/acme/${shelf}${fetch.path}`, as('dora', fetch))
        if (whole) expect([answer.status, answer.body.equals(content)]).to.deep.equal([200, true])
        else expect(answer.status).to.be.within(400, 499)
        if (!died) return
      } finally {
        await dying.close()
        await standing.close()
      }
    }
  })

  it('has everything when its stores are closed and opened again', async function () {
    this.timeout(60_000)
    const folder = await mkdtemp(join(tmpdir(), 'cloudrepo-reopen-'))
    const rootKey = memoryRootKey(randomBytes(32))
    const parts = async () => ({
      rootKey,
      blobs: await FsBlobStore.open({ folder: join(folder, 'blobs') }),
      metadata: await LmdbMetadataStore.open({ folder: join(folder, 'metadata'), ballastBytes: 0 }),
      keyStore: await LmdbMetadataStore.open({ folder: join(folder, 'keys'), ballastBytes: 0 }),
    })
    const plugins = house().kernel.plugins()
    const reads = [fetch, ...Object.values(contract.documents ?? {}).flat()]
    const readAll = async (from: House) => {
      const found: unknown[] = []
      for (const call of reads) {
        const { status, body } = await from.call(call.method, `/acme/${shelf}${call.path}`, as('dora', call))
        // Links name the port.
        found.push([status, body.toString('latin1').replaceAll(from.url, '')])
      }
      return found
    }
    try {
      const first = await openHouse({ plugins, repositories: [{ name: shelf, format: formatOf(house()) }], parts })
      const state: { before: unknown; stored: unknown } = { before: undefined, stored: undefined }
      try {
        expect(await send(first, contract.publish(content)), 'publishing').to.be.within(200, 299)
        state.before = await readAll(first)
        state.stored = await stored(first)
      } finally {
        await first.close()
      }
      const again = await openHouse({ plugins, beside: first, parts })
      try {
        expect(await stored(again)).to.deep.equal(state.stored)
        expect(await readAll(again), 'was it in memory alone?').to.deep.equal(state.before)
        const answer = await again.call(fetch.method, `/acme/${shelf}${fetch.path}`, as('dora', fetch))
        expect([answer.status, answer.body.equals(content)]).to.deep.equal([200, true])
      } finally {
        await again.close()
      }
    } finally {
      await rm(folder, { recursive: true, force: true })
    }
  })
}

function formatOf(house: House): string {
  return house.kernel.plugins()[0]?.name ?? ''
}

/** A store that takes so many more commits that say anything of a publication, and then nothing: the process that used it is gone. */
function mortal(store: MetadataStore, life: { left: number }): MetadataStore {
  const gone = () => new Error('the process is gone')
  return new Proxy(store, {
    get(target, name) {
      if (name === 'close') return async () => {}
      if (name === 'commit')
        return async (mutations: Parameters<MetadataStore['commit']>[0], token: string) => {
          const publishes = mutations.some(({ key }) => ['f', 'v', 'p', 'n', 'x'].includes(key.partition.split('\0')[1] ?? ''))
          if (life.left < 0 || (publishes && --life.left < 0)) throw gone()
          return target.commit(mutations, token)
        }
      const value: unknown = Reflect.get(target, name, target)
      return typeof value === 'function' ? value.bind(target) : value
    },
  })
}
