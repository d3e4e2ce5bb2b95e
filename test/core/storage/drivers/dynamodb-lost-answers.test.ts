import { expect } from 'chai'
import { RegistryError } from '../../../../core/errors/registry-error.js'
import { randomHex } from '../../../../core/runtime/identifiers.js'
import { Circuit } from '../../../../core/storage/drivers/circuit.js'
import { DynamoCalls, dynamoPace } from '../../../../core/storage/drivers/dynamodb-calls.js'
import type { DynamoClient } from '../../../../core/storage/drivers/dynamodb-client.js'
import { DynamoMetadataStore } from '../../../../core/storage/drivers/dynamodb-metadata-store.js'
import { RetryBudget } from '../../../../core/storage/drivers/retry-budget.js'
import type { MetadataStore, Mutation } from '../../../../core/storage/metadata-store.js'
import { all, at, failure, put } from '../../../contract/metadata-words.js'
import { dice } from '../../../support/dice.js'
import { DynamoTables } from '../../../support/dynamo-tables.js'
import { reset } from '../../../support/scripted-dynamo.js'

/** What becomes of a call: 'lost' is carried out, and its answer does not come. */
type Fate = 'answered' | 'lost' | 'unsent'

function faulty(client: DynamoClient, fate: () => Fate): DynamoClient {
  const send = async (...call: Parameters<DynamoClient['send']>): Promise<unknown> => {
    const end = fate()
    if (end === 'unsent') throw reset()
    const answer = client.send(...call) as unknown as Promise<unknown>
    if (end === 'answered') return answer
    await answer.catch(() => undefined)
    throw reset()
  }
  return { send, destroy: () => client.destroy() } as DynamoClient
}

describe('DynamoDB, a real server behind a line that loses answers', () => {
  let tables: DynamoTables
  let table: string
  const opened: MetadataStore[] = []
  before(async function () {
    tables = await DynamoTables.start(this)
  })
  beforeEach(async () => {
    table = await tables.make()
  })
  afterEach(() => Promise.all(opened.splice(0).map((store) => store.close())))

  function open(fate: () => Fate = () => 'answered'): MetadataStore {
    const calls = new DynamoCalls({ ...dynamoPace, pause: 1 }, new RetryBudget(100_000), new Circuit())
    const store = new DynamoMetadataStore(faulty(tables.client(), fate), table, calls)
    opened.push(store)
    return store
  }
  /** Each call in turn, then all answered. */
  const fates = (...list: Fate[]) => open(() => list.shift() ?? 'answered')

  for (const [what, mutations] of [
    ['A transaction', [put(at('p', 'a'), 1, 'absent'), put(at('p', 'b'), 2)]],
    ['A put alone', [put(at('p', 'a'), 1, 'absent')]],
  ] as [string, Mutation[]][]) {
    it(`${what} that was carried out is found, also where the look is lost as well and it is sent again`, async () => {
      await fates('lost').commit(mutations, 'one')
      expect(await all(open().range('p', {}))).to.have.length(mutations.length)
      table = await tables.make()
      await fates('lost', 'unsent', 'answered').commit(mutations, 'two')
      expect(await all(open().range('p', {}))).to.have.length(mutations.length)
    })
    it(`${what} that another process repeats under its token counts once`, async () => {
      const lost = fates('lost', 'unsent', 'lost', 'unsent', 'lost', 'unsent', 'lost', 'unsent')
      expect((await failure(lost.commit(mutations, 'one'))).kind).to.equal('unavailable')
      const before = await all(open().range('p', {}))
      await open().commit(mutations, 'one')
      expect(await all(open().range('p', {}))).to.deep.equal(before)
    })
  }

  it('A blind put that was overwritten meanwhile does not come back by its repeat', async () => {
    const late = fates('lost', 'unsent')
    const other = open()
    const first = late.commit([put(at('p', 'a'), 'first')], 'one')
    await first
    await other.commit([put(at('p', 'a'), 'second')], 'two')
    await open().commit([put(at('p', 'a'), 'first')], 'one')
    expect((await other.get(at('p', 'a')))?.value).to.equal('second')
  })

  it('Counters of many writers, alone and in transactions, are exact by what was acknowledged, whatever is lost', async () => {
    const seed = 20_260_117
    const roll = dice(seed)
    const store = open(() => (['answered', 'answered', 'answered', 'lost', 'unsent'] as const)[roll(5)] ?? 'answered')
    const plain = open()
    await plain.commit([put(at('p', 'count'), 0), put(at('p', 'sum'), 0)], randomHex())
    let acknowledged = 0
    let unknown = 0
    const raise = async (name: string, beside: boolean) => {
      for (;;) {
        const seen = await plain.get(at('p', name))
        const own = put(at('log', randomHex()), 1, 'absent')
        const next = put(at('p', name), Number(seen?.value) + 1, { revision: seen?.revision ?? '' })
        try {
          await store.commit(beside ? [next, own] : [next], randomHex())
          acknowledged += 1
          return
        } catch (thrown) {
          if (!(thrown instanceof RegistryError)) throw thrown
          if (thrown.kind === 'stale') continue
          expect(thrown.kind).to.equal('unavailable')
          unknown += 1
          return
        }
      }
    }
    await Promise.all(
      Array.from({ length: 8 }, async (_, writer) => {
        for (let round = 0; round < 6; round += 1) await raise(writer % 2 === 0 ? 'count' : 'sum', writer % 2 === 0)
      }),
    )
    const [count, sum] = (await all(plain.range('p', {}))).map(({ value }) => Number(value))
    const total = (count ?? 0) + (sum ?? 0)
    expect(total).to.be.within(acknowledged, acknowledged + unknown)
    expect(acknowledged).to.be.greaterThan(35)
    // What stands in the log stands in the count: all or nothing.
    expect(await all(plain.range('log', {}))).to.have.length(count ?? 0)
  })

  it('Pages of a megabyte are read one after the other, forwards, backwards and in a scan', async () => {
    const store = open()
    const names = Array.from({ length: 30 }, (_, index) => String(index).padStart(3, '0'))
    for (const name of names) await store.commit([put(at('big', name), name.repeat(60_000))], randomHex())
    const read = async (query: object) => (await all(store.range('big', query))).map(({ key }) => key.path[0])
    expect(await read({})).to.deep.equal(names)
    expect(await read({ descending: true })).to.deep.equal([...names].reverse())
    expect(await read({ limit: 17, after: ['004'] })).to.deep.equal(names.slice(5, 22))
    const scanned: string[] = []
    for await (const { entry } of store.scan()) scanned.push(entry.key.path[0] ?? '')
    expect(scanned.sort()).to.deep.equal(names)
  })
})
