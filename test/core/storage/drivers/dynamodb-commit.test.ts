import { createHash } from 'node:crypto'
import { expect } from 'chai'
import { at, failure, put } from '../../../contract/metadata-words.js'
import {
  cancelled,
  type DynamoCall,
  reset,
  type Script,
  scriptedStore,
  sdkError,
  thrower,
} from '../../../support/scripted-dynamo.js'

/** Two mutations: a transaction. */
const pair = [put(at('p', 'a'), 1, 'absent'), put(at('p', 'b'), 2, 'present')]
const single = [put(at('p', 'a'), 1, 'absent')]
const revisionIn = ({ input }: DynamoCall): string => (input.Item ?? input.TransactItems[0].Put.Item).r.S

describe('A commit to DynamoDB', () => {
  it('is one transaction with a token that follows from table and commit, conditions and all; one that stands alone is a conditional put', async () => {
    const { service, store } = scriptedStore(() => ({}))
    await store.commit(
      [...pair, { op: 'delete', key: at('q', 'c'), if: { revision: 'r1' } }, { op: 'check', key: at('q', 'd'), if: 'absent' }],
      'token-1',
    )
    await store.commit(single, 'token-2')
    const key = (p: string, s: string) => ({ p: { B: Buffer.from(p) }, s: { B: Buffer.from(`${s}\0`) } })
    const [transaction, alone] = service.calls
    const r = { S: revisionIn(transaction as DynamoCall) }
    const old = { ReturnValuesOnConditionCheckFailure: 'ALL_OLD' }
    const absent = { ConditionExpression: 'attribute_not_exists(p)' }
    expect(transaction).to.deep.equal({
      name: 'TransactWriteItems',
      input: {
        ClientRequestToken: createHash('sha256').update('names\0token-1').digest('base64url').slice(0, 36),
        TransactItems: [
          { Put: { TableName: 'names', ...absent, ...old, Item: { ...key('p', 'a'), v: { S: '1' }, r } } },
          {
            Put: {
              ...{ TableName: 'names', ConditionExpression: 'attribute_exists(p)', ...old },
              Item: { ...key('p', 'b'), v: { S: '2' }, r },
            },
          },
          {
            Delete: {
              ...{ TableName: 'names', Key: key('q', 'c'), ConditionExpression: 'r = :seen' },
              ExpressionAttributeValues: { ':seen': { S: 'r1' } },
            },
          },
          { ConditionCheck: { TableName: 'names', Key: key('q', 'd'), ...absent } },
        ],
      },
    })
    expect(alone).to.deep.equal({
      name: 'PutItem',
      input: {
        ...{ TableName: 'names', ...absent, ...old },
        Item: { ...key('p', 'a'), v: { S: '1' }, r: { S: revisionIn(alone as DynamoCall) } },
      },
    })
    expect(revisionIn(alone as DynamoCall)).to.not.equal(r.S)
  })

  it('is a transaction where a repeat of a put alone could count twice, and a read where it only checks', async () => {
    const { service, store } = scriptedStore(() => ({}))
    await store.commit([put(at('p', 'a'), 1)], 't1')
    await store.commit([put(at('p', 'a'), 1, 'present')], 't2')
    await store.commit([{ op: 'delete', key: at('p', 'a'), if: { revision: 'r' } }], 't3')
    await store.commit([put(at('p', 'a'), 1, { revision: 'r' })], 't4')
    await store.commit([{ op: 'check', key: at('p', 'a'), if: 'absent' }], 't5')
    expect(service.names).to.deep.equal(['TransactWriteItems', 'TransactWriteItems', 'TransactWriteItems', 'PutItem', 'GetItem'])
    expect(service.calls[4]?.input.ConsistentRead).to.equal(true)
  })

  for (const [what, error] of [
    ['meets another transaction', cancelled('TransactionConflict', undefined)],
    ['is throttled on a row', cancelled(undefined, 'ThrottlingError')],
    ['is throttled', sdkError('ThrottlingException')],
    ['is beyond what the table takes', sdkError('ProvisionedThroughputExceededException')],
    ['is under way already', sdkError('TransactionInProgressException')],
    ['finds nobody listening', sdkError('Error', { code: 'ECONNREFUSED' })],
  ] as const) {
    it(`is sent again, the same, where it ${what}`, async () => {
      const { service, store } = scriptedStore(thrower(error, error, error))
      await store.commit(pair, 'token')
      expect(service.names).to.deep.equal(Array(4).fill('TransactWriteItems'))
      for (const { input } of service.calls) expect(input).to.deep.equal(service.calls[0]?.input)
    })
    it(`is unavailable where it ${what} four times`, async () => {
      const { service, store } = scriptedStore(thrower(error, error, error, error))
      const refused = await failure(store.commit(pair, 'token'))
      expect(refused.kind).to.equal('unavailable')
      expect(refused.retryAfter).to.be.within(2, 30)
      expect(service.calls).to.have.length(4)
    })
  }

  it('alone is sent again where its row is part of a transaction', async () => {
    const { service, store } = scriptedStore(thrower(sdkError('TransactionConflictException')))
    await store.commit(single, 'token')
    expect(service.names).to.deep.equal(['PutItem', 'PutItem'])
  })

  for (const [words, conditions, reasons, kind, index] of [
    ['an absent row that is there', ['present', 'absent'], [undefined, 'ConditionalCheckFailed'], 'conflict', 1],
    ['a present row that is not', ['present', 'absent'], ['ConditionalCheckFailed', 'ConditionalCheckFailed'], 'conflict', 0],
    ['a revision that moved', [{ revision: 'r' }, 'absent'], ['ConditionalCheckFailed', undefined], 'stale', 0],
    [
      'a condition beside a conflict',
      ['present', { revision: 'r' }],
      ['TransactionConflict', 'ConditionalCheckFailed'],
      'stale',
      1,
    ],
  ] as const)
    it(`names ${words}, and is not sent again`, async () => {
      const { service, store } = scriptedStore(thrower(cancelled(...reasons)))
      const mutations = conditions.map((condition, at) => put({ partition: 'p', path: [String(at)] }, 1, condition))
      const refused = await failure(store.commit(mutations, 'token'))
      expect([refused.kind, refused.detail]).to.deep.equal([kind, { mutation: index }])
      expect(service.calls).to.have.length(1)
    })

  it('succeeds where what refuses it is what it wrote itself, in a transaction and alone', async () => {
    const ours: Script = (call) => {
      const item = { r: { S: revisionIn(call) } }
      throw call.name === 'PutItem'
        ? sdkError('ConditionalCheckFailedException', { Item: item })
        : cancelled({ Code: 'ConditionalCheckFailed', Item: item }, undefined)
    }
    const { service, store } = scriptedStore(ours)
    await store.commit(pair, 'one')
    await store.commit(single, 'two')
    expect(service.names).to.deep.equal(['TransactWriteItems', 'PutItem'])
  })

  it('has the same revision and the same body under the same token in every process, and another one under another', async () => {
    const one = scriptedStore(() => ({}))
    const two = scriptedStore(() => ({}))
    for (const { store } of [one, two]) await store.commit(pair, 'token')
    await two.store.commit(pair, 'token-2')
    await two.store.commit([put(at('p', 'a'), 2, 'absent'), put(at('p', 'b'), 2, 'present')], 'token-3')
    expect(two.service.calls[0]?.input).to.deep.equal(one.service.calls[0]?.input)
    expect(new Set(two.service.calls.map(revisionIn)).size).to.equal(3)
  })

  it('is invalid where the token was used for other mutations, by the service too', async () => {
    const { service, store } = scriptedStore(thrower(sdkError('IdempotentParameterMismatchException')))
    expect((await failure(store.commit(pair, 'token'))).kind).to.equal('invalid')
    expect(service.calls).to.have.length(1)
  })

  it('is not sent again where the service refuses the house, and says so', async () => {
    for (const name of ['AccessDeniedException', 'ValidationException', 'ExpiredTokenException', 'ResourceNotFoundException']) {
      const { service, store } = scriptedStore(thrower(sdkError(name)))
      const refused = await failure(store.commit(pair, 'token'))
      expect([refused.kind, refused.message]).to.deep.equal(['unavailable', 'The metadata store refuses this house'])
      expect((refused.cause as Error).name).to.equal(name)
      expect(service.calls).to.have.length(1)
    }
  })
})

describe('A commit to DynamoDB whose answer is lost', () => {
  for (const [what, mutations] of [
    ['transaction', pair],
    ['put alone', single],
  ] as const) {
    it(`is looked up and not sent again where the ${what} was carried out`, async () => {
      const { service, store } = scriptedStore((call, count) => {
        if (count === 1) throw reset()
        return call.name === 'GetItem' ? { Item: { r: { S: revisionIn(service.calls[0] as DynamoCall) } } } : {}
      })
      await store.commit(mutations, 'token')
      expect(service.names.slice(1)).to.deep.equal(['GetItem'])
      expect(service.calls[1]?.input.ConsistentRead).to.equal(true)
    })
    it(`is sent again, the same, where nobody sees the ${what}`, async () => {
      const { service, store } = scriptedStore((_, count) => {
        if (count === 1) throw reset()
        return {}
      })
      await store.commit(mutations, 'token')
      expect(service.names).to.deep.equal([service.names[0], 'GetItem', service.names[0]])
      expect(service.calls[2]?.input).to.deep.equal(service.calls[0]?.input)
    })
    it(`is unavailable where the ${what} stays unknown`, async () => {
      const { service, store } = scriptedStore(() => {
        throw reset()
      })
      expect((await failure(store.commit(mutations, 'token'))).kind).to.equal('unavailable')
      expect(service.names.filter((name) => name !== 'GetItem')).to.have.length(4)
      expect(service.names.filter((name) => name === 'GetItem')).to.have.length(4)
    })
  }

  it('is looked up by a row that was absent before, which stays what it is for longest', async () => {
    const { service, store } = scriptedStore((_, count) => {
      if (count === 1) throw reset()
      return {}
    })
    await store.commit([put(at('p', 'head'), 1, { revision: 'r' }), put(at('p', 'log'), 1, 'absent')], 'token')
    expect(service.calls[1]?.input.Key.s.B.toString()).to.equal('log\0')
  })

  it('is sent again without a look where it puts nothing: the token tells', async () => {
    const { service, store } = scriptedStore(thrower(reset()))
    await store.commit([{ op: 'delete', key: at('p', 'a'), if: 'present' }], 'token')
    expect(service.names).to.deep.equal(['TransactWriteItems', 'TransactWriteItems'])
  })

  it('is unavailable, and not refused, where a put alone then meets another row: it may have been there in between', async () => {
    const { store } = scriptedStore((call, count) => {
      if (count === 1) throw reset()
      if (call.name === 'GetItem') return { Item: { r: { S: 'of another' } } }
      throw sdkError('ConditionalCheckFailedException', { Item: { r: { S: 'of another' } } })
    })
    expect((await failure(store.commit(single, 'token'))).kind).to.equal('unavailable')
  })

  it('is refused where a transaction then fails: under its token it would have succeeded, had it been carried out', async () => {
    const { store } = scriptedStore((call, count) => {
      if (count === 1) throw reset()
      if (call.name === 'GetItem') return {}
      throw cancelled('ConditionalCheckFailed', undefined)
    })
    expect((await failure(store.commit(pair, 'token'))).kind).to.equal('conflict')
  })
})
