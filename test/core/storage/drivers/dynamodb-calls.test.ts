import { expect } from 'chai'
import { Circuit } from '../../../../core/storage/drivers/circuit.js'
import { DynamoCalls } from '../../../../core/storage/drivers/dynamodb-calls.js'
import { RetryBudget } from '../../../../core/storage/drivers/retry-budget.js'
import { at, failure, put } from '../../../contract/metadata-words.js'
import { cancelled, reset, scriptedStore, sdkError, silence } from '../../../support/scripted-dynamo.js'

/** Two mutations: a transaction. */
const pair = [put(at('p', 'a'), 1, 'absent'), put(at('p', 'b'), 2, 'present')]

describe('Calls to DynamoDB', () => {
  it('end at their deadline where nothing answers, and are given up', async () => {
    const { service, store } = scriptedStore(silence, { pace: { attempt: 20, deadline: 50 } })
    const began = performance.now()
    expect((await failure(store.get(at('p', 'a')))).kind).to.equal('unavailable')
    expect((await failure(store.commit(pair, 'token'))).kind).to.equal('unavailable')
    expect(performance.now() - began).to.be.lessThan(1_000)
    expect(service.aborted).to.equal(service.calls.length)
    await store.close()
  })

  it('end at their deadline also where the library does not hear that they are given up, as while it looks for credentials', async () => {
    const calls = new DynamoCalls({ attempts: 2, attempt: 20, deadline: 50, pause: 1 })
    const read = calls.read(() => new Promise<never>(() => {}))
    const late = new Promise<string>((resolve) => setTimeout(() => resolve('still waiting'), 5_000).unref())
    const ended = await Promise.race([failure(read), late])
    expect(ended).to.include({ kind: 'unavailable' })
  })

  it('are repeated for reads of every kind', async () => {
    const { service, store } = scriptedStore((call, count) => {
      if (count % 2 === 1) throw count % 4 === 1 ? reset() : sdkError('ThrottlingException')
      return call.name === 'GetItem' ? {} : { Items: [] }
    })
    expect(await store.get(at('p', 'a'))).to.equal(undefined)
    for await (const _ of store.range('p', {})) throw new Error('nothing is there')
    for await (const _ of store.scan()) throw new Error('nothing is there')
    expect(service.names).to.deep.equal(['GetItem', 'GetItem', 'Query', 'Query', 'Scan', 'Scan'])
    for (const { input } of service.calls) expect(input.ConsistentRead).to.equal(true)
  })

  it('are not repeated once the budget is spent, and earn it back by tens', async () => {
    const { service, store } = scriptedStore(
      () => {
        throw sdkError('ThrottlingException')
      },
      { budget: new RetryBudget(2) },
    )
    const sent: number[] = []
    for (let round = 0; round < 12; round++) {
      const before = service.calls.length
      await failure(store.get(at('p', 'a')))
      sent.push(service.calls.length - before)
    }
    expect(sent).to.deep.equal([3, 1, 1, 1, 1, 1, 1, 1, 1, 1, 2, 1])
  })

  it('are spared a service that is down: after 20 failures one a second goes through, and the first answer ends it', async () => {
    let now = 0
    let down = true
    const { service, store } = scriptedStore(
      () => {
        if (down) throw reset()
        return {}
      },
      { circuit: new Circuit(() => now), pace: { attempts: 1 } },
    )
    const ask = () => failure(store.get(at('p', 'a')))
    for (let round = 0; round < 30; round++) expect((await ask()).kind).to.equal('unavailable')
    expect(service.calls).to.have.length(20)
    now = 1_000
    for (let round = 0; round < 5; round++) await ask()
    expect(service.calls).to.have.length(21)
    now = 2_000
    down = false
    expect(await store.get(at('p', 'a'))).to.equal(undefined)
    expect(await store.get(at('p', 'a'))).to.equal(undefined)
    expect(service.calls).to.have.length(23)
  })

  it('are not taken for failures of the service where it answers: refusals and throttling open no circuit', async () => {
    const { service, store } = scriptedStore(
      (call) => {
        throw call.name === 'GetItem' ? sdkError('ThrottlingException') : cancelled('ConditionalCheckFailed', undefined)
      },
      { pace: { attempts: 1 } },
    )
    for (let round = 0; round < 30; round++) await failure(store.get(at('p', 'a')))
    for (let round = 0; round < 30; round++) await failure(store.commit(pair, `token-${round}`))
    expect(service.calls).to.have.length(60)
  })

  it('wait for a socket within their deadline: 64 run at once', async () => {
    const { service, store } = scriptedStore(silence, { pace: { attempts: 1, attempt: 40, deadline: 60 } })
    const outcomes = await Promise.all(Array.from({ length: 200 }, () => failure(store.get(at('p', 'a')))))
    expect(outcomes.every(({ kind }) => kind === 'unavailable')).to.equal(true)
    // Those in line had 20 ms left when the first 64 were given up; the last of them nothing.
    expect(service.calls.length).to.be.within(64, 128)
  })
})

describe('A range in DynamoDB', () => {
  const item = (name: string) => ({
    p: { B: Buffer.from('p') },
    s: { B: Buffer.from(`${name}\0`) },
    v: { S: '1' },
    r: { S: 'r' },
  })

  it('goes on behind pages in which nothing was found, and stops at its limit', async () => {
    const pages = [
      { Items: [], LastEvaluatedKey: item('0') },
      { Items: [item('a'), item('b')], LastEvaluatedKey: item('b') },
      { Items: [item('c')], LastEvaluatedKey: item('c') },
    ]
    const { service, store } = scriptedStore((_, count) => pages[count - 1] ?? {})
    const found: string[] = []
    for await (const { key } of store.range('p', { limit: 3 })) found.push(key.path.join('/'))
    expect(found).to.deep.equal(['a', 'b', 'c'])
    expect(service.calls.map(({ input }) => [input.Limit, input.ExclusiveStartKey])).to.deep.equal([
      [3, undefined],
      [3, item('0')],
      [1, item('b')],
    ])
  })

  it('asks nothing where no key can lie between its bounds', async () => {
    const { service, store } = scriptedStore(() => ({ Items: [] }))
    for await (const _ of store.range('p', { prefix: ['b'], after: ['a'], descending: true })) throw new Error('nothing is there')
    for await (const _ of store.range('p', { prefix: ['b'], after: ['c'] })) throw new Error('nothing is there')
    expect(service.calls).to.have.length(0)
  })

  it('fails where the table holds what is none of ours', async () => {
    const { store } = scriptedStore(() => ({ Items: [{ p: { B: Buffer.from('p') }, s: { B: Buffer.from('a\0') } }] }))
    const read = async () => {
      for await (const _ of store.range('p', {})) throw new Error('never')
    }
    expect(await read().catch((thrown: Error) => thrown.message)).to.equal('the table holds an item of another shape')
  })
})
