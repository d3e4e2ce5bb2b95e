import { expect } from 'chai'
import type { ChainFaultKind } from '../../../core/audit/chain-check.js'
import { ChainWorld, type Line, verdictOf } from '../../support/chains.js'

async function exported(): Promise<{ readonly world: ChainWorld; readonly lines: Line[] }> {
  const world = new ChainWorld()
  for (let at = 1; at <= 5; at += 1)
    await world.act(`act.${at}`, { target: { kind: 'member', id: 'm_2' }, source: { ip: '192.0.2.7', agent: 'curl/8' } })
  await world.chain.append('o_1', { settle: 0 })
  return { world, lines: await world.lines() }
}

type Breaking = (lines: Line[]) => unknown
const line = (lines: Line[], seq: number) => lines[seq] as Line

const broken: readonly (readonly [string, Breaking, ChainFaultKind, number])[] = [
  ['a row whose action was changed', (lines) => (line(lines, 3)['action'] = 'nothing'), 'changed', 3],
  ['a row whose time was changed', (lines) => (line(lines, 3)['time'] = '2026-01-30T00:00:00.000Z'), 'changed', 3],
  ['a row that says more than was hashed', (lines) => (line(lines, 2)['note'] = 'x'), 'changed', 2],
  ['a row that says less', (lines) => delete line(lines, 2)['target'], 'changed', 2],
  ['a last row that was changed', (lines) => (line(lines, 5)['actor'] = { kind: 'member', id: 'm_3' }), 'changed', 5],
  ['an address that was changed', (lines) => (line(lines, 4)['origin'] = { ip: '192.0.2.8', salt: 'a' }), 'changed', 4],
  ['a row that was taken out', (lines) => lines.splice(3, 1), 'gap', 3],
  ['a row that was taken out, and those behind it numbered anew', renumbered, 'changed', 3],
  ['two rows that changed places', (lines) => lines.splice(2, 2, line(lines, 3), line(lines, 2)), 'gap', 2],
  ['a row that stands twice', (lines) => lines.splice(3, 0, line(lines, 2)), 'order', 2],
  ['another hash', (lines) => (line(lines, 2)['hash'] = line(lines, 1)['hash']), 'changed', 2],
  ['another hash of the row before', (lines) => (line(lines, 2)['prev'] = line(lines, 2)['hash']), 'broken', 2],
  ['a row of another organization', (lines) => (line(lines, 2)['org'] = 'o_2'), 'foreign', 2],
  [
    'a beginning that is another one',
    (lines) => (lines[0] = { begin: { ...(line(lines, 0)['begin'] as Line), hash: line(lines, 4)['hash'] } }),
    'broken',
    1,
  ],
  ['no beginning', (lines) => lines.shift(), 'unreadable', 0],
  ['a first row that is missing', (lines) => lines.splice(1, 1), 'gap', 1],
  ['a last line that is missing', (lines) => lines.pop(), 'truncated', 5],
  ['last rows that are missing', (lines) => lines.splice(4, 2), 'truncated', 3],
  ['nothing but a beginning', (lines) => lines.splice(1), 'truncated', 0],
  ['something behind the end', (lines) => lines.push(line(lines, 5)), 'unreadable', 6],
  ['a line that is no row', (lines) => lines.splice(2, 0, 7 as never), 'unreadable', 2],
]

function renumbered(lines: Line[]): void {
  lines.splice(3, 1)
  for (let at = 3; at <= 4; at += 1) line(lines, at)['seq'] = at
  line(lines, 3)['prev'] = line(lines, 2)['hash']
}

describe('check of a chain', () => {
  it('passes what was exported, and says where it ends', async () => {
    const { lines } = await exported()
    const { seq, hash } = line(lines, 5)
    expect(verdictOf(lines)).to.deep.equal({ rows: 5, begin: line(lines, 0)['begin'], end: { seq, hash } })
  })

  for (const [what, breaking, kind, seq] of broken) {
    it(`finds ${what}`, async () => {
      const { lines } = await exported()
      breaking(lines)
      const { fault } = verdictOf(lines)
      expect({ kind: fault?.kind, seq: fault?.seq }).to.deep.equal({ kind, seq })
      expect(fault?.words).to.match(/^[A-Z].*\d|line/)
    })
  }

  it('passes rows whose address was erased: its hash stays in the row', async () => {
    const { lines } = await exported()
    for (const row of lines) delete row['origin']
    expect(verdictOf(lines).fault).to.equal(undefined)
  })

  it('finds by one place that was noted earlier that rows were cut off and the end written anew', async () => {
    const { lines } = await exported()
    const witness = { seq: 5, hash: String(line(lines, 5)['hash']) }
    const { seq, hash } = line(lines, 3)
    const cut = [...lines.slice(0, 4), { end: { seq, hash } }]
    expect(verdictOf(cut).fault, 'without a witness it is a shorter chain').to.equal(undefined)
    expect(verdictOf(cut, [witness]).fault?.kind).to.equal('truncated')
    expect(verdictOf(lines, [witness]).fault).to.equal(undefined)
  })

  it('finds by one place that was noted earlier that all of it was made anew', async () => {
    const { lines } = await exported()
    const witness = { seq: 3, hash: String(line(lines, 3)['hash']) }
    const other = await exported()
    expect(verdictOf(other.lines, [witness]).fault).to.deep.include({ kind: 'witness', seq: 3 })
  })
})
