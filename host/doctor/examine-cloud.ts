import { inspectBucket, inspectTable } from '#core/host'
import { dynamodbPlaceOf, s3PlaceOf } from '../config/cloud-settings.js'
import type { Settings } from '../config/settings.js'
import { bucketFindings } from './bucket-findings.js'
import type { Finding } from './finding.js'
import { tableFindings } from './table-findings.js'

export interface CloudExamination {
  readonly findings: readonly Finding[]
  /** The tables are there, or none is asked for: opening them makes nothing. */
  readonly tablesThere: boolean
}

/** The bucket and the tables that the settings name; nothing where they name none. One object is made and taken away. */
export async function examineCloud(settings: Settings, now: () => number): Promise<CloudExamination> {
  const [bucket, table, keys] = await Promise.all([
    examineBucket(settings, now),
    examineTable(settings, '', now),
    examineTable(settings, '-keys', now),
  ])
  return { findings: [...bucket, ...table.findings, ...keys.findings], tablesThere: table.there && keys.there }
}

async function examineBucket(settings: Settings, now: () => number): Promise<readonly Finding[]> {
  const { s3 } = s3PlaceOf(settings)
  if (settings.blobs !== 's3' || s3 === undefined) return []
  const bucket = await inspectBucket(s3)
  const { region, endpoint } = { region: undefined, endpoint: undefined, ...s3 }
  const place = { check: 'bucket', name: `The bucket ${s3.bucket}`, region, endpoint, settings: 'CLOUDREPO_S3' }
  return bucketFindings(bucket, place, now).finally(() => bucket.close())
}

async function examineTable(settings: Settings, suffix: '' | '-keys', now: () => number) {
  const { dynamodb } = dynamodbPlaceOf(settings, suffix)
  if (settings.metadata !== 'dynamodb' || dynamodb === undefined) return { there: true, findings: [] }
  const table = await inspectTable(dynamodb)
  const { region, endpoint } = { region: undefined, endpoint: undefined, ...dynamodb }
  const keys = suffix === '-keys'
  const check = keys ? 'table of keys' : 'table'
  const place = { keys, check, name: `The table ${dynamodb.table}`, region, endpoint, settings: 'CLOUDREPO_DYNAMODB' }
  return tableFindings(table, place, now).finally(() => table.close())
}
