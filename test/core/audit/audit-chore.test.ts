import { expect } from 'chai'
import { AuditChore } from '../../../core/audit/audit-chore.js'
import { logMutation } from '../../../core/audit/log-row.js'
import { outboxMutations } from '../../../core/events/outbox-rows.js'
import { randomHex } from '../../../core/runtime/identifiers.js'
import { tenantKeys } from '../../../core/storage/tenant-keys.js'
import { cursorAt } from '../../../core/usage/usage-rows.js'
import { ChainWorld } from '../../support/chains.js'
import { choreWork } from '../../support/chore-work.js'
import { logRows } from '../../support/log-rows.js'

const day = 86_400_000

class ChoreWorld extends ChainWorld {
  suspended: string | undefined
  held = false
  readonly chore = new AuditChore({
    store: this.store,
    clock: this.clock,
    chain: this.chain,
    days: 400,
    suspension: async () => this.suspended,
    held: async () => this.held,
  })

  static async open(): Promise<ChoreWorld> {
    const world = new ChoreWorld()
    await world.store.commit(
      [{ op: 'put', key: tenantKeys.organizationEntry('acme'), value: { v: 1, organization: 'o_1' } }],
      randomHex(),
    )
    return world
  }
  async run(options: { readonly confirmed?: boolean } = {}) {
    return this.chore.run(await choreWork(this.store, this.clock, 'audit', options))
  }
  /** Usage has counted all rows up to now. */
  counted(): Promise<void> {
    const value = { v: 1, cursor: cursorAt(this.clock.now().getTime()), bytes: 0, reserved: 0, countedAt: 0 }
    return this.store.commit([{ op: 'put', key: tenantKeys.usage('o_1'), value }], randomHex())
  }
}

describe('audit chore', () => {
  it('chains what has settled, and all of it where an operator confirms', async () => {
    const world = await ChoreWorld.open()
    await world.act('one')
    expect(await world.run()).to.equal(undefined)
    expect(await world.run({ confirmed: true })).to.deep.equal({ chained: 1, removed: 0, trimmed: 0 })
    await world.act('two')
    world.clock.advance(61_000)
    expect(await world.run()).to.deep.equal({ chained: 1, removed: 0, trimmed: 0 })
    expect(await world.actions()).to.deep.equal(['one', 'two'])
  })

  it('takes rows older than 400 days from the beginning, and what is left proves itself from the anchor on', async () => {
    const world = await ChoreWorld.open()
    for (let at = 1; at <= 200; at += 1) await world.act(`old.${at}`)
    await world.run({ confirmed: true })
    const before = await world.verdict()
    world.clock.advance(300 * day)
    await world.act('middle')
    await world.run({ confirmed: true })
    world.clock.advance(101 * day)
    await world.act('new')
    expect(await world.run({ confirmed: true })).to.deep.include({ chained: 1, removed: 200 })
    expect(await world.actions()).to.deep.equal(['middle', 'new'])
    const head = await world.reader.head()
    expect(head?.anchor).to.deep.equal(before.end)
    expect(await world.verdict([before.end])).to.deep.include({ rows: 2, begin: { ...before.end, org: 'o_1' } })
    expect((await world.reader.months()).map(({ first, last }) => [first, last])).to.deep.equal([
      [201, 201],
      [202, 202],
    ])
    expect(await world.run({ confirmed: true })).to.equal(undefined)
  })

  it('removes nothing while the clock is in doubt, or where something forbids it', async () => {
    const world = await ChoreWorld.open()
    await world.act('old')
    await world.run({ confirmed: true })
    world.clock.advance(500 * day)
    await world.act('new')
    world.suspended = 'The clock was moved'
    await world.run({ confirmed: true })
    world.suspended = undefined
    world.held = true
    await world.run({ confirmed: true })
    expect(await world.actions()).to.deep.equal(['old', 'new'])
    world.held = false
    expect(await world.run({ confirmed: true })).to.deep.include({ removed: 1 })
    expect(await world.actions()).to.deep.equal(['new'])
  })

  it('never takes the last row: the chain goes on from it', async () => {
    const world = await ChoreWorld.open()
    await world.act('only')
    await world.run({ confirmed: true })
    world.clock.advance(500 * day)
    expect(await world.run({ confirmed: true })).to.equal(undefined)
    expect(await world.actions()).to.deep.equal(['only'])
  })

  it('trims log rows once they are chained, counted, told, and two days old', async () => {
    const world = await ChoreWorld.open()
    await world.act('plain')
    const log = logMutation('o_1', { at: world.clock.now(), actor: { kind: 'house', id: 'x' }, action: 'told later' })
    await world.store.commit([log, ...outboxMutations('o_1', log, [{ kind: 'artifact.published' }])], randomHex())
    const actions = async () => (await logRows(world.store, 'o_1')).map(({ action }) => action)
    await world.counted()
    world.clock.advance(day)
    await world.run({ confirmed: true })
    expect(await actions(), 'a day old').to.deep.equal(['plain', 'told later'])
    world.clock.advance(2 * day)
    await world.act('young')
    expect(await world.run({ confirmed: true })).to.deep.equal({ chained: 1, removed: 0, trimmed: 1 })
    expect(await actions()).to.deep.equal(['told later', 'young'])
    world.clock.advance(3 * day)
    expect(await world.run({ confirmed: true }), 'not counted yet').to.equal(undefined)
    expect(await actions()).to.deep.equal(['told later', 'young'])
    expect(await world.actions()).to.deep.equal(['plain', 'told later', 'young'])
  })
})
