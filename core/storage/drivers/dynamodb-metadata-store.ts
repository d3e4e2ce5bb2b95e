import { GetItemCommand, QueryCommand, ScanCommand } from '@aws-sdk/client-dynamodb'
import { unavailable } from '../../errors/registry-error.js'
import { checkCommit, commitFingerprint } from '../commit-check.js'
import { CommitMemory } from '../commit-memory.js'
import { checkLimit, decodeCursor, decodeKey, encodeCursor, encodeKey, encodePartition, pathSpan } from '../key-order.js'
import type { Entry, Key, MetadataStore, Mutation, RangeQuery } from '../metadata-store.js'
import { DynamoCalls } from './dynamodb-calls.js'
import { type DynamoClient, type DynamoPlace, openDynamoClient } from './dynamodb-client.js'
import { DynamoCommit } from './dynamodb-commit.js'
import { type DynamoItem, entryOf, itemKey } from './dynamodb-row.js'
import { prepareTable } from './dynamodb-table.js'

const firstPage = 100
const pageRows = 1_000

/** The store of many nodes: one table, strong reads alone, a commit as one transaction. */
export class DynamoMetadataStore implements MetadataStore {
  readonly name = 'dynamodb'
  readonly piecemeal = true
  readonly #commits = new CommitMemory()
  readonly #running = new Set<Promise<unknown>>()
  #closing: Promise<void> | undefined

  constructor(
    private readonly client: DynamoClient,
    private readonly table: string,
    private readonly calls = new DynamoCalls(),
  ) {}

  /** Makes the table where it is absent. Throws `unavailable` with the reason where it cannot be had or has another shape. */
  static async open(place: DynamoPlace): Promise<DynamoMetadataStore> {
    // What is asked once, at the start, the SDK may repeat itself.
    const client = openDynamoClient(place, { maxAttempts: 4 })
    await prepareTable(client, place.table, place.recoveryDays).finally(() => client.destroy())
    return new DynamoMetadataStore(openDynamoClient(place), place.table)
  }

  async get(key: Key): Promise<Entry | undefined> {
    const command = new GetItemCommand({ TableName: this.table, Key: itemKey(key), ConsistentRead: true })
    this.#checkOpen()
    const { Item: item } = await this.#track(this.calls.read((abortSignal) => this.client.send(command, { abortSignal })))
    return item === undefined ? undefined : entryOf(item, key)
  }

  async *range(partition: string, query: RangeQuery): AsyncIterable<Entry> {
    const keys = rangeWords(partition, query)
    let left = checkLimit(query)
    let from: DynamoItem | undefined
    for (let rows = firstPage; left > 0 && keys !== undefined; rows = pageRows) {
      const command = new QueryCommand({
        TableName: this.table,
        ConsistentRead: true,
        ...keys,
        ScanIndexForward: query.descending !== true,
        Limit: Math.min(rows, left),
        ...(from === undefined ? {} : { ExclusiveStartKey: from }),
      })
      this.#checkOpen()
      const page = await this.#track(this.calls.read((abortSignal) => this.client.send(command, { abortSignal })))
      for (const item of page.Items ?? []) yield entryOf(item)
      from = page.LastEvaluatedKey
      if (from === undefined) return
      left -= page.Items?.length ?? 0
    }
    this.#checkOpen()
  }

  async commit(mutations: readonly Mutation[], token: string): Promise<void> {
    const checked = checkCommit(mutations, token)
    this.#checkOpen()
    await this.#commits.once(token, commitFingerprint(checked), () =>
      this.#track(new DynamoCommit(this.client, this.calls, this.table, mutations, checked, token).run()),
    )
  }

  async *scan(after?: string): AsyncIterable<{ readonly entry: Entry; readonly cursor: string }> {
    let from = after === undefined ? undefined : itemKey(decodeKey(decodeCursor(after)))
    do {
      const command = new ScanCommand({
        TableName: this.table,
        ConsistentRead: true,
        Limit: pageRows,
        ...(from === undefined ? {} : { ExclusiveStartKey: from }),
      })
      this.#checkOpen()
      const page = await this.#track(this.calls.read((abortSignal) => this.client.send(command, { abortSignal })))
      for (const item of page.Items ?? []) {
        const entry = entryOf(item)
        yield { entry, cursor: encodeCursor(encodeKey(entry.key)) }
      }
      from = page.LastEvaluatedKey
    } while (from !== undefined)
  }

  close(): Promise<void> {
    this.#closing ??= Promise.all(this.#running).then(() => this.client.destroy())
    return this.#closing
  }

  #checkOpen(): void {
    if (this.#closing !== undefined) throw unavailable('The metadata store is closed')
  }

  #track<T>(work: Promise<T>): Promise<T> {
    const settled: Promise<unknown> = work.then(
      () => this.#running.delete(settled),
      () => this.#running.delete(settled),
    )
    this.#running.add(settled)
    return work
  }
}

/** Undefined where no key can lie between. The service takes no empty bound and none above the other; both bounds count as within, and no key of ours
 *  is one of them: keys end in a zero byte, upper bounds do not. */
function rangeWords(partition: string, query: RangeQuery) {
  const { lower, upper: beyond } = pathSpan(query)
  const upper = beyond.at(-1) === 0 ? beyond.subarray(0, -1) : beyond
  const within = { ':p': { B: encodePartition(partition) } }
  if (lower.compare(upper) > 0) return undefined
  return lower.length === 0
    ? {
        KeyConditionExpression: 'p = :p AND s <= :upper',
        ExpressionAttributeValues: { ...within, ':upper': { B: upper } },
      }
    : {
        KeyConditionExpression: 'p = :p AND s BETWEEN :lower AND :upper',
        ExpressionAttributeValues: { ...within, ':lower': { B: lower }, ':upper': { B: upper } },
      }
}
