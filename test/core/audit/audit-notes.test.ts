import { expect } from 'chai'
import { AuditNotes } from '../../../core/audit/audit-notes.js'
import { silentLogger } from '../../../core/runtime/logger.js'
import { MemoryMetadataStore } from '../../../core/storage/drivers/memory-metadata-store.js'
import { FixedClock } from '../../support/fixed-clock.js'
import { logRows } from '../../support/log-rows.js'

const actor = { kind: 'anonymous', id: 'anonymous' }
const from = (ip: string, login = 'h_1') => ({
  actor,
  action: 'login.failed',
  target: { kind: 'login', id: login },
  request: 'req_1',
  source: { ip, agent: 'pip/24' },
  reason: 'password',
})

function open() {
  const store = new MemoryMetadataStore()
  const clock = new FixedClock()
  return { store, clock, notes: new AuditNotes(store, clock, silentLogger) }
}

describe('audit notes', () => {
  it('write one row for an act that changes nothing else', async () => {
    const { store, clock, notes } = open()
    await notes.write('o_1', { ...from('192.0.2.1'), action: 'login', methods: ['password'] })
    const { reason, ...rest } = from('192.0.2.1')
    const row = { v: 1, at: clock.now().getTime(), ...rest, action: 'login', methods: ['password'], reason }
    expect(await logRows(store, 'o_1')).to.deep.equal([row])
    await notes.close()
  })

  it('write the first 100 refusals of a source in a minute, and count the others into one row', async () => {
    const { store, clock, notes } = open()
    for (let count = 0; count < 250; count += 1) await notes.refused('o_1', from('192.0.2.1', `h_${count}`))
    for (let count = 0; count < 3; count += 1) await notes.refused('o_1', from('192.0.2.2'))
    await notes.refused('o_2', from('192.0.2.1'))
    expect(await logRows(store, 'o_1')).to.have.length(103)
    expect(await logRows(store, 'o_2')).to.have.length(1)
    clock.advance(60_000)
    await notes.refused('o_1', from('192.0.2.1', 'h_next'))
    const rows = await logRows(store, 'o_1')
    expect(rows).to.have.length(105)
    const { target: _, request: _request, ...alike } = from('192.0.2.1')
    const late = rows.filter(({ at }) => at === clock.now().getTime())
    expect(late).to.have.deep.members([
      { v: 1, at: clock.now().getTime(), ...alike, result: 'refused', count: 150 },
      { v: 1, at: clock.now().getTime(), ...from('192.0.2.1', 'h_next'), result: 'refused' },
    ])
    await notes.close()
  })

  it('write no more than 1,000 rows a minute for an organization, whatever the number of sources, and lose no count', async () => {
    const { store, notes } = open()
    for (let count = 0; count < 3_000; count += 1) await notes.refused('o_1', from(`192.0.2.${count % 200}`))
    expect(await logRows(store, 'o_1')).to.have.length(1_000)
    await notes.close()
    const rows = await logRows(store, 'o_1')
    expect(rows).to.have.length(1_200)
    expect(rows.reduce((sum, { count = 1 }) => sum + Number(count), 0)).to.equal(3_000)
  })

  it('never fail where the store does: a refusal stays a refusal', async () => {
    const { store, notes } = open()
    await store.close()
    await notes.refused('o_1', from('192.0.2.1'))
    await notes.close()
  })
})
