import { createHash } from 'node:crypto'
import { expect } from 'chai'
import { AuditChain } from '../../../core/audit/audit-chain.js'
import { canonicalJson } from '../../../core/audit/canonical-json.js'
import { logMutation } from '../../../core/audit/log-row.js'
import { randomHex } from '../../../core/runtime/identifiers.js'
import type { Json } from '../../../core/runtime/json.js'
import { MemoryMetadataStore } from '../../../core/storage/drivers/memory-metadata-store.js'
import type { Mutation } from '../../../core/storage/metadata-store.js'
import { ChainWorld } from '../../support/chains.js'
import { logRows } from '../../support/log-rows.js'

const day = 86_400_000

/** Dies at one of its commits, before or after it. */
class DyingStore extends MemoryMetadataStore {
  left = Number.POSITIVE_INFINITY
  after = false
  override async commit(mutations: readonly Mutation[], token: string): Promise<void> {
    this.left -= 1
    if (this.left === 0 && !this.after) throw new Error('killed')
    await super.commit(mutations, token)
    if (this.left === 0) throw new Error('killed')
  }
}

describe('canonical JSON', () => {
  it('is the text of RFC 8785: sorted by code units, no spaces, numbers and strings as ECMAScript writes them', () => {
    const value = {
      '\ud83d\ude02': 1,
      '\ufb33': [1e21, 0.000001, -0, null, true],
      b: { z: 'é\u0007"\\', a: '' },
      '1': 333333333.25,
    }
    expect(canonicalJson(value)).to.equal(
      '{"1":333333333.25,"b":{"a":"","z":"é\\u0007\\"\\\\"},"\ud83d\ude02":1,"\ufb33":[1e+21,0.000001,0,null,true]}',
    )
  })
})

describe('audit chain', () => {
  it('numbers what was logged and hashes it onto what stands before', async () => {
    const world = new ChainWorld()
    const source = { ip: '192.0.2.7', agent: 'curl/8' }
    await world.act('member.create', { target: { kind: 'member', id: 'm_2' }, request: 'req_1', changes: ['name'], source })
    await world.act('raw.changed', { events: [{ kind: 'x' }], usage: { repository: 'r_1', bytes: 1, files: 1, versions: 1 } })
    await world.act('login', { result: 'refused', reason: 'password', methods: ['password'], count: 3, effects: { tokens: 2 } })
    expect(await world.chain.append('o_1', { settle: 0 })).to.equal(3)
    const [one, two, three] = await world.records()
    const ids = (await logRows(world.store, 'o_1')).map(({ seq }) => seq)
    expect(ids).to.deep.equal([1, 2, 3])
    const common = { org: 'o_1', actor: { kind: 'member', id: 'm_1' } }
    expect(one?.record).to.deep.equal({
      ...common,
      seq: 1,
      id: one?.record.id,
      time: '2026-01-31T12:00:00.000Z',
      action: 'member.create',
      target: { kind: 'member', id: 'm_2' },
      request: 'req_1',
      result: 'ok',
      changes: ['name'],
      source: one?.record.source,
    })
    expect(two?.record).to.deep.equal({
      ...common,
      seq: 2,
      id: two?.record.id,
      time: '2026-01-31T12:00:00.001Z',
      action: 'raw.changed',
      result: 'ok',
    })
    expect(three?.record).to.deep.include({
      result: 'refused',
      reason: 'password',
      methods: ['password'],
      count: 3,
      effects: { tokens: 2 },
    })
    // As anybody may compute it from the text above.
    const sha256 = (...parts: (string | Buffer)[]) =>
      parts.reduce((h, part) => h.update(part), createHash('sha256')).digest('hex')
    const sorted = (value: unknown): unknown =>
      typeof value !== 'object' || value === null || Array.isArray(value)
        ? value
        : Object.fromEntries(
            Object.entries(value)
              .sort(([a], [b]) => (a < b ? -1 : 1))
              .map(([name, v]) => [name, sorted(v)]),
          )
    const first = sha256(Buffer.alloc(32), JSON.stringify(sorted(one?.record)))
    expect(one?.hash).to.equal(`sha256:${first}`)
    expect(two?.prev).to.equal(one?.hash)
    expect(two?.hash).to.equal(`sha256:${sha256(Buffer.from(first, 'hex'), JSON.stringify(sorted(two?.record)))}`)
    expect(one?.origin).to.deep.equal({ ...source, salt: one?.origin?.salt })
    expect(one?.record.source).to.equal(`sha256:${sha256(one?.origin?.salt ?? '', JSON.stringify(sorted(source)))}`)
    expect(await world.chain.append('o_1', { settle: 0 })).to.equal(0)
    expect(await world.verdict()).to.deep.include({ rows: 3, end: { seq: 3, hash: three?.hash } })
  })

  it('lets young rows wait for those that were begun before them', async () => {
    const world = new ChainWorld()
    await world.act('one')
    expect(await world.chain.append('o_1', { settle: 60_000 })).to.equal(0)
    world.clock.advance(60_000)
    await world.act('two')
    expect(await world.chain.append('o_1', { settle: 60_000 })).to.equal(1)
    expect(await world.actions()).to.deep.equal(['one'])
  })

  it('chains each row once, whoever does it at the same time, in one order', async () => {
    const world = new ChainWorld()
    for (let at = 0; at < 300; at += 1) await world.act(`act.${String(at).padStart(3, '0')}`)
    const others = [1, 2, 3].map(() => new AuditChain(world.store, world.clock))
    const counts = await Promise.all(others.map((chain) => chain.append('o_1', { settle: 0 })))
    expect(counts.reduce((sum, count) => sum + count, 0)).to.be.at.least(0)
    const actions = await world.actions()
    expect(actions).to.have.length(300)
    expect([...actions].sort()).to.deep.equal(actions)
    expect((await world.verdict()).fault).to.equal(undefined)
  })

  for (const after of [false, true]) {
    it(`goes on after it was killed ${after ? 'behind' : 'before'} any of its commits, and chains no row twice`, async () => {
      for (let kill = 1; kill <= 4; kill += 1) {
        const store = new DyingStore()
        const world = new ChainWorld(store)
        for (let at = 0; at < 130; at += 1) await world.act(`act.${String(at).padStart(3, '0')}`)
        store.left = kill
        store.after = after
        const died = await world.chain.append('o_1', { settle: 0 }).then(
          () => false,
          () => true,
        )
        expect(died).to.equal(true)
        store.left = Number.POSITIVE_INFINITY
        const before = await world.actions()
        await new AuditChain(store, world.clock).append('o_1', { settle: 0 })
        const actions = await world.actions()
        expect(actions.slice(0, before.length)).to.deep.equal(before)
        expect(actions).to.have.length(130)
        expect(new Set(actions).size).to.equal(130)
        expect(await world.verdict()).to.deep.include({ rows: 130 })
      }
    })
  }

  it('bears a clock that is moved, in either direction: nothing is left out, and months follow each other', async () => {
    const world = new ChainWorld()
    const run = () => world.chain.append('o_1', { settle: 60_000 })
    await world.act('before')
    world.clock.advance(120_000)
    await run()
    world.clock.jump(5 * 365 * day)
    await world.act('ahead')
    world.clock.advance(120_000)
    await run()
    world.clock.jump(-6 * 365 * day)
    await world.act('behind')
    world.clock.advance(120_000)
    await run()
    world.clock.jump(365 * day)
    await world.act('again')
    await world.act('ahead, and not chained before the clock was put back', {
      at: new Date(world.clock.now().getTime() + 3 * 365 * day),
    })
    world.clock.advance(120_000)
    await run()
    expect(await world.actions()).to.deep.equal([
      'before',
      'ahead',
      'behind',
      'again',
      'ahead, and not chained before the clock was put back',
    ])
    expect(await world.verdict()).to.deep.include({ rows: 5 })
    const months = await world.reader.months()
    expect(months.map(({ name, first, last }) => ({ name, first, last }))).to.deep.equal([
      { name: '2026-01', first: 1, last: 1 },
      { name: '2031-01', first: 2, last: 5 },
    ])
  })

  it('finds what committed long after its id was made by a look at the whole log', async () => {
    const world = new ChainWorld()
    await world.act('early')
    world.clock.advance(3_600_000)
    await world.act('now')
    await world.chain.append('o_1', { settle: 0 })
    await world.act('late', { at: new Date(world.clock.now().getTime() - 3_000_000) })
    expect(await world.chain.append('o_1', { settle: 0 })).to.equal(0)
    expect(await world.chain.append('o_1', { settle: 0, whole: true })).to.equal(1)
    expect(await world.actions()).to.deep.equal(['early', 'now', 'late'])
    expect(await world.verdict()).to.deep.include({ rows: 3 })
  })

  it('keeps organizations apart, and bounds what one row says', async () => {
    const world = new ChainWorld()
    const changes = Array.from({ length: 600 }, (_, at) => `put ${'x'.repeat(400)}${at}`)
    await world.store.commit(
      [logMutation('o_2', { at: world.clock.now(), actor: { kind: 'member', id: 'm_9' }, action: 'other', changes: [] })],
      randomHex(),
    )
    await world.act('much', { changes })
    await world.chain.append('o_1', { settle: 0 })
    const [row, ...more] = await world.records()
    expect(more).to.deep.equal([])
    expect(row?.record.changes).to.have.length(500)
    expect(row?.record.omitted).to.equal(100)
    expect(row?.record.changes?.[0]).to.have.length(300)
    expect(canonicalJson(row?.record as unknown as Json)).to.have.length.below(200_000)
  })
})
