import { expect } from 'chai'
import type { ProtocolPlugin } from '#core'
import { Kernel } from '#core/host'
import { MemoryBlobStore } from '../../../core/storage/drivers/memory-blob-store.js'
import { MemoryMetadataStore } from '../../../core/storage/drivers/memory-metadata-store.js'
import raw from '../../../plugins/raw/index.js'
import { type House, openHouse } from '../../support/house.js'
import { until } from '../../support/worker-processes.js'

interface Told {
  readonly id: string
  readonly kind: string
}
const artifacts = ({ kind }: Told) => kind.startsWith('artifact.')
const repositories = [{ name: 'files', format: 'raw' }]

/** Outlives the house that closes it. */
class KeptRows extends MemoryMetadataStore {
  override async close(): Promise<void> {}
}

/** A plugin that only listens. */
function listening(hear: (event: { readonly id: string; readonly path: string }) => Promise<void>): ProtocolPlugin {
  return {
    name: 'listening',
    version: '1.0.0',
    contract: 1,
    mounts: [],
    async start({ events }) {
      events.subscribe('artifact.published', hear)
    },
  }
}

async function put(house: House, path: string): Promise<void> {
  expect((await house.call('PUT', `/acme/files/${path}`, { body: `content of ${path}` })).status).to.equal(201)
}

/** What was told of its people and repositories is over. */
async function open(...[options]: Parameters<typeof openHouse>): Promise<House> {
  const house = await openHouse(options)
  await house.kernel.chores.run('outbox')
  return house
}

async function rows(house: House, prefix: string): Promise<readonly { readonly events?: readonly Told[] }[]> {
  const found: { readonly events?: readonly Told[] }[] = []
  for await (const { entry } of house.parts.metadata.scan())
    if (entry.key.partition.startsWith(prefix) || entry.key.partition.split('\0').slice(1, 2).join() === prefix)
      found.push(entry.value as { readonly events?: readonly Told[] })
  return found
}

describe('events of a whole house', () => {
  it('of two kernels on one store are told once each, whichever committed, and none is invented', async function () {
    this.timeout(30_000)
    const heard: string[] = []
    const plugins = () => [raw, listening(async ({ id }) => void heard.push(id))]
    const one = await open({ plugins: plugins(), repositories })
    const other = await openHouse({ plugins: plugins(), repositories, beside: one })
    try {
      await Promise.all(Array.from({ length: 40 }, (_, at) => put(at % 2 === 0 ? one : other, `f${at}`)))
      await until(
        async () => (await rows(one, '.\0out')).length,
        (left) => left === 0,
      )
      const committed = (await rows(one, 'l')).flatMap(({ events = [] }) => events.filter(artifacts).map(({ id }) => id))
      expect(committed).to.have.length(40)
      expect([...heard].sort()).to.deep.equal([...committed].sort())
    } finally {
      await other.close()
      await one.close()
    }
  })

  it('that is closed: what is being told is waited for, and the rest is told by the next', async function () {
    this.timeout(30_000)
    const heard: string[] = []
    let begun = () => {}
    let release = () => {}
    const began = new Promise<void>((resolve) => (begun = resolve))
    const held = new Promise<void>((resolve) => (release = resolve))
    const hear = async ({ path }: { readonly path: string }) => {
      begun()
      await held
      heard.push(path)
    }
    const kept = { metadata: new KeptRows(), keyStore: new KeptRows() }
    const house = await open({ plugins: [raw, listening(hear)], repositories, parts: async () => kept })
    for (const path of ['a', 'b', 'c']) await put(house, path)
    await began
    let closed = false
    const closing = house.close().then(() => (closed = true))
    await new Promise((resolve) => setImmediate(resolve))
    expect([closed, heard]).to.deep.equal([false, []])
    release()
    await closing
    const first = [...heard]
    expect(first).to.have.length.within(1, 2)
    expect(await rows(house, '.\0out')).to.have.length(3 - first.length)
    const next = await Kernel.open({ ...house.parts, blobs: new MemoryBlobStore() })
    next.install(raw)
    next.install(listening(async ({ path }) => void heard.push(path)))
    await next.start()
    await next.chores.run('outbox')
    expect(heard).to.have.members(['a', 'b', 'c']).and.to.have.length(3)
    await next.close()
  })
})
