import { createHash } from 'node:crypto'
import {
  type ConditionalCheckFailedException,
  GetItemCommand,
  PutItemCommand,
  type TransactionCanceledException,
  type TransactWriteItem,
  TransactWriteItemsCommand,
} from '@aws-sdk/client-dynamodb'
import { type RegistryError, unavailable } from '../../errors/registry-error.js'
import { type CheckedMutation, conditionFailure } from '../commit-check.js'
import type { Condition, Key, Mutation } from '../metadata-store.js'
import type { DynamoCalls } from './dynamodb-calls.js'
import type { DynamoClient } from './dynamodb-client.js'
import { conditionWords, type DynamoItem, itemKey, itemOf } from './dynamodb-row.js'
import type { Send } from './one-attempt.js'

/** So that a refusal tells whether what stands there is our own: an earlier attempt's answer was lost. */
const tellOld = { ReturnValuesOnConditionCheckFailure: 'ALL_OLD' } as const

/** One set of mutations on its way (security guide 1.4). Its revision follows from token and mutations, so an equal repeat, from whatever process, is
 *  the same call; and a row that carries the revision proves that the set was applied. */
export class DynamoCommit {
  private readonly revision: string

  constructor(
    private readonly client: DynamoClient,
    private readonly calls: DynamoCalls,
    private readonly table: string,
    private readonly mutations: readonly Mutation[],
    private readonly checked: readonly CheckedMutation[],
    private readonly token: string,
  ) {
    this.revision = revisionOf(checked, token)
  }

  /** Throws `conflict`, `stale`, `invalid` (the token), `unavailable`. */
  async run(): Promise<void> {
    const [only, ...more] = this.mutations
    if (only === undefined || more.length > 0) return this.transact()
    if (only.op === 'check') return this.check(only.key, only.if)
    // Without a condition that can hold once only, a repeat is harmless under a token alone.
    if (only.op === 'put' && only.if !== undefined && only.if !== 'present') return this.put(only.key, only.if)
    return this.transact()
  }

  /** Half of what a transaction costs. */
  private async put(key: Key, condition: Condition): Promise<void> {
    const command = new PutItemCommand({
      TableName: this.table,
      Item: this.item(0, key),
      ...conditionWords(condition),
      ...tellOld,
    })
    await this.calls.write(this.send(command), {
      look: this.look(key),
      refused: (thrown, doubtful) => {
        const { Item: there } = thrown as ConditionalCheckFailedException
        if (this.isOurs(there)) return
        // An attempt without an answer may have been the one before: whoever came after it may have overwritten it.
        if (doubtful) throw unavailable('The store did not answer; send the request again', 2, { cause: thrown })
        throw refusal(condition, 0)
      },
    })
  }

  private async transact(): Promise<void> {
    const command = new TransactWriteItemsCommand({
      TransactItems: this.mutations.map((mutation, index) => this.part(mutation, index)),
      ClientRequestToken: requestToken(this.table, this.token),
    })
    await this.calls.write(this.send(command), {
      look: this.look(this.witness()),
      refused: (thrown) => {
        const { CancellationReasons: reasons = [] } = thrown as TransactionCanceledException
        if (reasons.some(({ Item: there }) => this.isOurs(there))) return
        const index = reasons.findIndex(({ Code }) => Code === 'ConditionalCheckFailed')
        throw refusal(this.mutations[index]?.if, index)
      },
    })
  }

  private async check(key: Key, condition: Condition | undefined): Promise<void> {
    const found = await this.calls.read(this.read(key))
    const failure = condition && conditionFailure(condition, found?.['r']?.S, 0)
    if (failure !== undefined) throw failure
  }

  private part(mutation: Mutation, index: number): TransactWriteItem {
    const { key, op } = mutation
    const common = { TableName: this.table, ...conditionWords(mutation.if) }
    if (op === 'put') return { Put: { ...common, Item: this.item(index, key), ...tellOld } }
    if (op === 'delete') return { Delete: { ...common, Key: itemKey(key) } }
    const { ConditionExpression = '', ...values } = common
    return { ConditionCheck: { ...values, ConditionExpression, Key: itemKey(key) } }
  }

  private item(index: number, key: Key): DynamoItem {
    return itemOf(key, this.checked[index]?.text ?? '', this.revision)
  }

  /** The row that shows longest that this set was applied: one that nobody had before. */
  private witness(): Key | undefined {
    const puts = this.mutations.filter(({ op }) => op === 'put')
    return (puts.find((put) => put.if === 'absent') ?? puts[0])?.key
  }

  private look(key: Key | undefined) {
    return async (attempt: <A>(send: Send<A>) => Promise<A>): Promise<true | undefined> =>
      key !== undefined && this.isOurs(await attempt(this.read(key))) ? true : undefined
  }

  private send(command: PutItemCommand | TransactWriteItemsCommand): Send<unknown> {
    return (abortSignal) => this.client.send(command as PutItemCommand, { abortSignal })
  }

  private read(key: Key): Send<DynamoItem | undefined> {
    const command = new GetItemCommand({ TableName: this.table, Key: itemKey(key), ConsistentRead: true })
    return async (abortSignal) => (await this.client.send(command, { abortSignal })).Item
  }

  private isOurs(item: DynamoItem | undefined): boolean {
    return item?.['r']?.S === this.revision
  }
}

/** The service says which condition failed, not how it stands now: an `absent` met something, a `present` nothing, a revision another one. */
function refusal(condition: Condition | undefined, index: number): RegistryError {
  const failure = condition && conditionFailure(condition, condition === 'absent' ? 'there' : undefined, index)
  return failure ?? unavailable('The metadata store refused a condition that nobody set', 30)
}

/** The service keeps tokens for an account, the contract for a store. */
function requestToken(table: string, token: string): string {
  return createHash('sha256').update(`${table}\0${token}`).digest('base64url').slice(0, 36)
}

function revisionOf(mutations: readonly CheckedMutation[], token: string): string {
  const hash = createHash('sha256').update(token)
  for (const { key, op, text = '' } of mutations) hash.update(`\0${op} ${text.length}\0`).update(key).update(text)
  return hash.digest('base64url').slice(0, 22)
}
