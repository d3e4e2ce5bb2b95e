import type { AttributeValue } from '@aws-sdk/client-dynamodb'
import type { Json } from '../../runtime/json.js'
import { decodePath, encodePartition, encodePath } from '../key-order.js'
import type { Condition, Entry, Key } from '../metadata-store.js'

/** One row: partition `p` and path `s` in bytes, the value `v` as JSON text, its revision `r`. Nothing else, and no index. */
export type DynamoItem = Record<string, AttributeValue>

export function itemKey(key: Key): DynamoItem {
  return { p: { B: encodePartition(key.partition) }, s: { B: encodePath(key.path) } }
}

export function itemOf(key: Key, text: string, revision: string): DynamoItem {
  return { ...itemKey(key), v: { S: text }, r: { S: revision } }
}

/** Throws where the item is none of ours. */
export function entryOf(item: DynamoItem, key: Key = keyOf(item)): Entry {
  const { v, r } = item
  if (v?.S === undefined || r?.S === undefined) throw new Error('the table holds an item of another shape')
  return { key, value: JSON.parse(v.S) as Json, revision: r.S }
}

export function keyOf({ p, s }: DynamoItem): Key {
  if (p?.B === undefined || s?.B === undefined) throw new Error('the table holds an item of another shape')
  return { partition: Buffer.from(p.B).toString(), path: decodePath(s.B) }
}

export interface ConditionWords {
  readonly ConditionExpression?: string
  readonly ExpressionAttributeValues?: DynamoItem
}
export function conditionWords(condition: Condition | undefined): ConditionWords {
  if (condition === undefined) return {}
  if (condition === 'absent') return { ConditionExpression: 'attribute_not_exists(p)' }
  if (condition === 'present') return { ConditionExpression: 'attribute_exists(p)' }
  return { ConditionExpression: 'r = :seen', ExpressionAttributeValues: { ':seen': { S: condition.revision } } }
}
