import { expect } from 'chai'
import type { EventBus, ProtocolPlugin } from '#core'
import type { ArtifactEvent } from '../../../core/events/event-bus.js'
import { Outbox } from '../../../core/events/outbox.js'
import { announceListeners } from '../../../core/events/outbox-rows.js'
import { Subscriptions } from '../../../core/events/subscriptions.js'
import { silentLogger } from '../../../core/runtime/logger.js'
import { MemoryMetadataStore } from '../../../core/storage/drivers/memory-metadata-store.js'
import type { MetadataStore } from '../../../core/storage/metadata-store.js'
import { tenantKeys } from '../../../core/storage/tenant-keys.js'
import { PiecemealStore } from '../../faults/piecemeal-store.js'
import { choreWork } from '../../support/chore-work.js'
import { StorageWorld } from '../../support/storage-world.js'

type Hear = (event: ArtifactEvent) => Promise<void>

describe('the outbox', () => {
  let world: StorageWorld
  let heard: string[]
  beforeEach(async () => {
    world = await StorageWorld.open()
    await announceListeners(world.metadata)
    heard = []
  })

  const put = async (path: string, repositoryId = 'r_1') =>
    world
      .change({ repositoryId })
      .putArtifact(path, await world.stage(`content of ${path}`))
      .commit()
  const listen = (hear: Readonly<Record<string, Hear>>, patience = 60_000, metadata: MetadataStore = world.metadata) => {
    const subscriptions = new Subscriptions(async (_org, _plugin, work) => work(undefined as never), patience)
    for (const [name, listener] of Object.entries(hear)) {
      const bus: EventBus = subscriptions.busFor({ name, version: '1.0.0', contract: 1, mounts: [] } satisfies ProtocolPlugin)
      bus.subscribe('artifact.published', listener)
      bus.subscribe('artifact.deleted', listener)
    }
    return new Outbox(metadata, world.clock, subscriptions, silentLogger)
  }
  const run = async (outbox: Outbox, confirmed = false) =>
    outbox.run(await choreWork(world.metadata, world.clock, 'outbox', { confirmed }))
  const waiting = async () => (await world.rows()).filter((name) => name.startsWith('. out'))
  const hearing =
    (name = ''): Hear =>
    async ({ path }) =>
      void heard.push(name + path)

  it('tells each plugin what was committed, in the order of the log, once; the log stays', async () => {
    const outbox = listen({ one: hearing(), two: hearing('two ') })
    for (const path of ['a', 'b', 'c']) {
      await put(path)
      world.clock.advance(1)
    }
    await world.change().deleteArtifact('a').commit()
    expect(await run(outbox)).to.deep.equal({ told: 4, failed: 0, parked: 0, waiting: 0, parkedEvents: [] })
    expect(heard).to.deep.equal(['a', 'two a', 'b', 'two b', 'c', 'two c', 'a', 'two a'])
    expect(await waiting()).to.deep.equal([])
    expect((await world.rows()).filter((name) => name.startsWith('o_1 l'))).to.have.length(4)
    expect([await run(outbox), heard.length]).to.deep.equal([undefined, 8])
  })

  it('is not written where nobody ever listened, and by every process once somebody does', async () => {
    world = await StorageWorld.open()
    await put('before')
    expect(await waiting()).to.deep.equal([])
    await announceListeners(world.metadata)
    await put('after')
    expect(await waiting()).to.deep.equal(['. out * | new'])
    await run(listen({ one: hearing() }))
    expect(heard).to.deep.equal(['after'])
  })

  it('tells nothing of a change that was refused', async () => {
    await world
      .change({ writePolicy: 'once' })
      .putArtifact('a', await world.stage('one'))
      .commit()
    await world
      .change({ writePolicy: 'once' })
      .putArtifact('a', await world.stage('two'))
      .commit()
      .catch(() => undefined)
    await run(listen({ one: hearing() }))
    expect(heard).to.deep.equal(['a'])
  })

  it('tells again what was told and not marked when a process died, under the same id', async () => {
    const ids: string[] = []
    await put('a')
    const { metadata } = world
    const dying: MetadataStore = {
      name: 'dying',
      get: (key) => metadata.get(key),
      range: (partition, query) => metadata.range(partition, query),
      scan: (after) => metadata.scan(after),
      commit: async () => {
        throw new Error('killed')
      },
      close: async () => {},
    }
    const hear: Hear = async ({ id }) => void ids.push(id)
    const work = await choreWork(metadata, world.clock, 'outbox')
    const ended: unknown = await listen({ one: hear }, 60_000, dying)
      .run(work)
      .catch((thrown: Error) => thrown.message)
    expect(ended).to.equal('killed')
    await run(listen({ one: hear }))
    expect(ids).to.have.length(2)
    expect(new Set(ids).size).to.equal(1)
    expect(await waiting()).to.deep.equal([])
  })

  it('loses no event of a commit that it meets while that appears, row by row', async () => {
    world = await StorageWorld.open(new PiecemealStore(7, 40))
    await announceListeners(world.metadata)
    const outbox = listen({ one: hearing() })
    const paths = Array.from({ length: 15 }, (_, at) => `f${String(at).padStart(2, '0')}`)
    let over = false
    const telling = (async () => {
      while (!over) await run(outbox)
    })()
    for (const path of paths) await put(path)
    over = true
    await telling
    await run(outbox)
    expect([...new Set(heard)].sort()).to.deep.equal(paths)
  })

  it('asks a plugin that failed again, later and later, eight times in a day, and parks it; nobody waits for it', async () => {
    // Thousands of runs: about the times, and not about the store.
    world = await StorageWorld.open(new MemoryMetadataStore())
    await announceListeners(world.metadata)
    let tries = 0
    const failing: Hear = async ({ path }) => {
      if (path !== 'bad') return
      tries++
      throw new Error('broken')
    }
    const outbox = listen({ one: failing, two: hearing() })
    await put('bad')
    world.clock.advance(1)
    await put('good')
    expect(await run(outbox)).to.deep.include({ told: 1, failed: 1, waiting: 1 })
    expect([heard, tries]).to.deep.equal([['bad', 'good'], 1])
    await run(outbox)
    expect(tries).to.equal(1)
    let hours = 0
    for (; (await waiting()).some((name) => name.endsWith('retry')); hours += 1 / 120) {
      world.clock.advance(30_000)
      await run(outbox)
    }
    expect([tries, Math.round(hours)]).to.deep.equal([8, 24])
    expect([await waiting(), heard]).to.deep.equal([['. out * | parked'], ['bad', 'good']])
    // An operator says so: once more, and not for ever.
    const told = (await run(outbox, true)) as { parkedEvents: { plugins: string[]; tries: number; error: string }[] }
    expect(told.parkedEvents.map(({ plugins, tries, error }) => [plugins, tries, error])).to.deep.equal([[['one'], 9, 'Error']])
    expect(await run(listen({ one: hearing('at last ') }), true)).to.deep.include({ told: 1, failed: 0 })
    expect([await waiting(), heard]).to.deep.equal([[], ['bad', 'good', 'at last bad']])
  })

  it('waits once for a listener that hangs: nobody else is held up, and what it was not asked is no attempt', async () => {
    for (const path of ['slow', 'behind', 'last']) {
      await put(path)
      world.clock.advance(1)
    }
    await put('quick', 'r_2')
    const asked: string[] = []
    const hanging: Hear = async ({ path }) => {
      asked.push(path)
      if (path === 'slow' && asked.length < 3) await new Promise(() => {})
    }
    const outbox = listen({ one: hanging, two: hearing() }, 30)
    expect(await run(outbox)).to.deep.include({ told: 1, failed: 3 })
    expect([asked, heard]).to.deep.equal([
      ['slow', 'quick'],
      ['slow', 'quick', 'behind', 'last'],
    ])
    const tries = (await world.entries())
      .filter(({ key }) => key.partition.startsWith('.\0out'))
      .map(({ value }) => (value as { tries: number }).tries)
    expect(tries.sort()).to.deep.equal([0, 0, 1])
    world.clock.advance(30_000)
    expect(await run(outbox)).to.deep.include({ told: 3, failed: 0 })
    expect([asked.slice(2), heard.length, await waiting()]).to.deep.equal([['slow', 'behind', 'last'], 4, []])
  })

  it('tries each parked event once more when told to, however many of them fail again', async () => {
    const key = (at: number) => tenantKeys.outbox(at % 2, 'parked', `e${String(at).padStart(3, '0')}`)
    await put('bad')
    const [first] = (await world.entries()).filter(({ key }) => key.partition.startsWith('.\0out'))
    if (!first) throw new Error('no row was written')
    for (let at = 0; at < 250; at++)
      await world.metadata.commit([{ op: 'put', key: key(at), value: { ...(first.value as object), tries: 8 } }], `t${at}`)
    await world.metadata.commit([{ op: 'delete', key: first.key }], 'first')
    let tries = 0
    const broken: Hear = async () => {
      tries++
      throw new Error('broken')
    }
    expect(await run(listen({ one: broken }), true)).to.deep.include({ told: 0, failed: 250 })
    expect([tries, (await waiting()).length]).to.deep.equal([250, 250])
    expect(await run(listen({ one: hearing() }), true)).to.deep.include({ told: 250, failed: 0 })
    expect(await waiting()).to.deep.equal([])
  })

  it('works at no more than eight repositories at once', async () => {
    for (let at = 0; at < 20; at++) await put('a', `r_${at}`)
    let now = 0
    let most = 0
    const hear: Hear = async () => {
      most = Math.max(most, ++now)
      await new Promise((resolve) => setImmediate(resolve))
      now--
    }
    expect(await run(listen({ one: hear }))).to.deep.include({ told: 20 })
    expect(most).to.be.within(2, 8)
  })

  it('forgets what nobody listens to, and what an organization that is gone would have told', async () => {
    for (let at = 0; at < 120; at++) await put(`f${at}`)
    expect(await run(listen({}))).to.deep.include({ told: 120 })
    await put('last')
    for (const { key } of (await world.entries()).filter(({ key }) => key.partition.startsWith('o_1\0')))
      await world.metadata.commit([{ op: 'delete', key }], String(Math.random()))
    await run(listen({ one: hearing() }))
    expect([heard, await waiting()]).to.deep.equal([[], []])
  })

  it('does not wait for years where the clock was wrong when something failed', async () => {
    await put('a')
    world.clock.jump(10 * 365 * 86_400_000)
    await run(
      listen({
        one: async () => {
          throw new Error('broken')
        },
      }),
    )
    world.clock.jump(-10 * 365 * 86_400_000)
    // One that waits as it should, in the same shard, hides it from nobody.
    const [wrong] = (await world.entries()).filter(({ key }) => key.partition.startsWith('.\0out'))
    if (!wrong) throw new Error('nothing waits')
    const soon = String(world.clock.now().getTime() + 3_600_000).padStart(15, '0')
    const beside = { partition: wrong.key.partition, path: ['retry', soon, 'beside'] }
    await world.metadata.commit([{ op: 'put', key: beside, value: wrong.value }], 'beside')
    await run(listen({ one: hearing() }))
    expect([heard, (await waiting()).length]).to.deep.equal([['a'], 1])
  })
})
