import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { HouseParts } from '#core/host'
import { randomHex } from '../../core/runtime/identifiers.js'
import { CloudBuckets } from './cloud-buckets.js'
import { DynamoTables } from './dynamo-tables.js'
import { memoryRootKey } from './root-key.js'
import { type CloudServers, cloudServers } from './servers.js'

/** `npm run test:cloud`: houses that say nothing of their store lie on S3 and DynamoDB. */
export const onCloud = process.env['CLOUDREPO_TEST_STORE'] === 'cloud'

/** Outside every data folder, gone with the process. */
const keys = mkdtempSync(join(tmpdir(), 'cloudrepo-keys-'))
process.once('exit', () => rmSync(keys, { recursive: true, force: true }))

/** The settings that all nodes of one house share: a new bucket, tables that the first node makes, a root key. */
export async function newCloudHouse(servers: CloudServers): Promise<Record<string, string>> {
  const bucket = await new CloudBuckets(servers.endpoint).make()
  const keyFile = join(keys, bucket)
  writeFileSync(keyFile, `k1:${randomBytes(32).toString('base64')}\n`, { mode: 0o400 })
  return { ...servers.settings(bucket, bucket.replace('bucket', 'table')), CLOUDREPO_ROOT_KEY: keyFile }
}

const houses = new Map<string, Promise<Record<string, string>>>()

/** Always the same for a data folder, so that a server finds again what it stored. */
export function cloudHouseOf(folder: string): Promise<Record<string, string>> {
  const known = houses.get(folder) ?? cloudServers().then(newCloudHouse)
  houses.set(folder, known)
  return known
}

/** Stores of a house in this process. `drop`: after they were closed, so that the server keeps no rows nobody asks for. */
export async function cloudParts(): Promise<HouseParts & { drop(): Promise<void> }> {
  const { endpoint } = await cloudServers()
  const [buckets, tables] = [new CloudBuckets(endpoint), new DynamoTables(endpoint)]
  const names = [await tables.make(), await tables.make()] as const
  return {
    blobs: await buckets.open({ bucket: await buckets.shared(), prefix: `${randomHex(6)}/` }),
    metadata: tables.openAgain(names[0]),
    keyStore: tables.openAgain(names[1]),
    rootKey: memoryRootKey(randomBytes(32)),
    drop: () => tables.drop(names),
  }
}
