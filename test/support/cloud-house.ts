import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { CloudBuckets } from './cloud-buckets.js'
import type { CloudServers } from './servers.js'

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
