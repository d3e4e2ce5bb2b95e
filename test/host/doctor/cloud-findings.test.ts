import { expect } from 'chai'
import type { BucketInspection, LifecycleRule, TableFacts, TableInspection } from '#core/host'
import { bucketFailure } from '../../../core/storage/drivers/s3-failure.js'
import { stopOnFatal } from '../../../host/doctor/at-start.js'
import { bucketFindings } from '../../../host/doctor/bucket-findings.js'
import type { CloudPlace } from '../../../host/doctor/cloud-refusal.js'
import type { Finding } from '../../../host/doctor/finding.js'
import { tableFindings } from '../../../host/doctor/table-findings.js'

const now = Date.parse('2026-03-01T12:00:00Z')
const rule: LifecycleRule = { everything: true, noncurrentDays: 28, incompleteUploadDays: 7, takesCurrent: false }
const tlsOnly = JSON.stringify({
  Statement: [{ Effect: 'Deny', Action: 's3:*', Condition: { Bool: { 'aws:SecureTransport': 'false' } } }],
})
const inBucket: CloudPlace = {
  check: 'bucket',
  name: 'The bucket acme',
  region: 'eu-central-1',
  endpoint: undefined,
  settings: 'CLOUDREPO_S3',
}
const inTable: CloudPlace = {
  check: 'table',
  name: 'The table acme',
  region: 'eu-central-1',
  endpoint: undefined,
  settings: 'CLOUDREPO_DYNAMODB',
}

/** As an SDK throws. */
const thrown = (name: string, more: object = {}) => Object.assign(new Error(name), { name, ...more })
const refuse =
  (name: string, more: object = {}) =>
  async (): Promise<never> => {
    throw thrown(name, more)
  }

function bucketWith(more: Partial<BucketInspection> = {}): BucketInspection {
  return {
    serverTime: () => now - 2_000,
    explain: (thrown) => bucketFailure(thrown, { bucket: 'acme', region: 'eu-central-1' }).message,
    list: async () => {},
    putTwice: async () => true,
    read: async () => {},
    remove: async () => {},
    multipart: async () => {},
    listUploads: async () => {},
    versioning: async () => 'Enabled',
    encryption: async () => 'aws:kms',
    publicAccessBlocked: async () => true,
    lifecycle: async () => [rule],
    policy: async () => tlsOnly,
    close() {},
    ...more,
  }
}
const facts: TableFacts = {
  status: 'ACTIVE',
  wrongShape: undefined,
  onDemand: true,
  protectedFromDeletion: true,
  encryption: 'KMS',
}
function tableWith(more: Partial<TableInspection> = {}): TableInspection {
  return {
    serverTime: () => now + 3_000,
    describe: async () => facts,
    read: async () => {},
    query: async () => {},
    scan: async () => {},
    put: async () => {},
    transact: async () => {},
    recovery: async () => ({ enabled: true, days: 35 }),
    close() {},
    ...more,
  }
}
const ofBucket = (more: Partial<BucketInspection>, place = inBucket) => bucketFindings(bucketWith(more), place, () => now)
const ofTable = async (more: Partial<TableInspection>, place = inTable) =>
  (await tableFindings(tableWith(more), place, () => now)).findings
const sick = async (found: Promise<readonly Finding[]>) => (await found).filter(({ level }) => level !== 'fine')

describe('What the doctor says of a bucket', () => {
  it('is one line a check where all is well', async () => {
    expect((await ofBucket({})).map(({ check, level, says }) => `${check} ${level}: ${says}`)).to.deep.equal([
      'bucket fine: The bucket acme answers.',
      'clock of S3 fine: It agrees with this machine.',
      'bucket permissions fine: Objects can be put once, read, listed and taken away.',
      'bucket versioning fine: It is on.',
      'bucket encryption fine: aws:kms, beside what the house seals itself.',
      'public access fine: All of it is blocked.',
      'lifecycle fine: Old versions go after 28 days, broken uploads after 7.',
      'TLS fine: The bucket refuses requests without it.',
    ])
  })

  const refusals: readonly (readonly [name: string, more: object, says: string, todo: string])[] = [
    ['NoSuchBucket', {}, "CLOUDREPO_S3_BUCKET: there is no bucket 'acme'.", 'Make it (examples/cloud), or name the right one.'],
    [
      'ExpiredToken',
      {},
      'The credentials for S3 have expired.',
      'Renew them, or let the node take a role whose credentials renew themselves.',
    ],
    [
      'InvalidAccessKeyId',
      { $metadata: { httpStatusCode: 403 } },
      "The store does not know the access key (AWS_ACCESS_KEY_ID or the SDK's other sources).",
      'Check AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or the role of the node.',
    ],
    [
      'CredentialsProviderError',
      {},
      "There are no credentials for S3: AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or another of the SDK's sources.",
      'Give the node a role, or set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY.',
    ],
    [
      'AuthorizationHeaderMalformed',
      { Region: 'us-west-2' },
      "CLOUDREPO_S3_REGION: the bucket 'acme' does not lie in eu-central-1.",
      'Set CLOUDREPO_S3_REGION to us-west-2.',
    ],
    [
      'PermanentRedirect',
      { $response: { headers: { 'x-amz-bucket-region': 'sa-east-1' } } },
      "CLOUDREPO_S3_REGION: the bucket 'acme' does not lie in eu-central-1, but in sa-east-1.",
      'Set CLOUDREPO_S3_REGION to sa-east-1.',
    ],
    [
      'AccessDenied',
      {},
      "The credentials may not list the bucket 'acme': the policy of the house is missing.",
      'Give the role of the node the policy of examples/cloud.',
    ],
    [
      'RequestTimeTooSkewed',
      {},
      "This machine's clock differs from the store's by more than 15 minutes.",
      'Set the clock by NTP.',
    ],
    [
      'Error',
      { code: 'ENOTFOUND' },
      'The blob store does not answer (ENOTFOUND).',
      'Check CLOUDREPO_S3_ENDPOINT and _REGION, name resolution and firewalls.',
    ],
    ['Error', { message: 'Region is missing' }, 'CLOUDREPO_S3_REGION is missing.', 'Set CLOUDREPO_S3_REGION.'],
  ]
  for (const [name, more, says, todo] of refusals)
    it(`names what is wrong by ${name} ${Object.keys(more).join()}, and ends there`, async () => {
      expect(await ofBucket({ list: refuse(name, more), serverTime: () => undefined })).to.deep.equal([
        { check: 'bucket', level: 'fatal', says, todo },
      ])
    })

  it('names each permission that is missing', async () => {
    const denied = refuse('AccessDenied', { $metadata: { httpStatusCode: 403 } })
    const missing = async (more: Partial<BucketInspection>) =>
      (await sick(ofBucket(more))).map(({ check, level, says }) => `${check} ${level}: ${says}`)
    expect(await missing({ read: denied })).to.deep.equal(['bucket permissions fatal: The bucket acme refuses s3:GetObject.'])
    expect(await missing({ remove: denied, multipart: denied })).to.deep.equal([
      'bucket permissions fatal: The bucket acme refuses s3:DeleteObject.',
      'bucket permissions fatal: The bucket acme refuses s3:AbortMultipartUpload.',
    ])
    expect(await missing({ listUploads: denied })).to.deep.equal([
      'bucket permissions fatal: The bucket acme refuses s3:ListBucketMultipartUploads.',
    ])
    let read = 0
    const reading = async () => void read++
    expect(await missing({ putTwice: denied, read: reading })).to.deep.equal([
      'bucket permissions fatal: The bucket acme refuses s3:PutObject.',
    ])
    expect(read, 'nothing was put').to.equal(0)
    const [look] = await sick(ofBucket({ versioning: denied }))
    expect(look).to.deep.include({ level: 'warning', says: 'It cannot be seen: s3:GetBucketVersioning is refused.' })
  })

  it('does not let a store replace what it was told to make', async () => {
    expect(await sick(ofBucket({ putTwice: async () => false }))).to.deep.equal([
      {
        check: 'conditional writes',
        level: 'fatal',
        says: 'The bucket acme takes a second object under one key although it is told `If-None-Match: *`.',
        todo: 'Use a store that keeps the condition: two uploads could replace each other.',
      },
    ])
  })

  it('warns of a bucket that is set up otherwise than it should be', async () => {
    const says = async (more: Partial<BucketInspection>) => (await sick(ofBucket(more))).map(({ level, says }) => [level, says])
    expect(await says({ versioning: async () => undefined })).to.deep.equal([
      ['warning', 'It is off: what is deleted is gone at once, and a restored table may name it.'],
    ])
    expect((await says({ versioning: async () => 'Suspended' }))[0]?.[1]).to.match(/^It is suspended/)
    expect(await says({ encryption: async () => undefined })).to.deep.equal([
      ['warning', 'The bucket has no encryption of its own.'],
    ])
    expect(await says({ publicAccessBlocked: async () => false })).to.deep.equal([['warning', 'It is not blocked.']])
    expect(await says({ policy: async () => undefined })).to.deep.equal([['warning', 'The bucket takes requests without it.']])
    const rules = (...given: readonly LifecycleRule[]) => says({ lifecycle: async () => given })
    expect((await rules())[0]).to.deep.equal([
      'warning',
      'No rule ends old versions of objects: they are kept, and paid for, for ever.',
    ])
    expect((await rules({ ...rule, everything: false }))[0]?.[1]).to.match(/^No rule ends old versions/)
    expect((await rules({ ...rule, noncurrentDays: 3 }))[0]?.[1]).to.equal(
      'Old versions of objects go after 3 days, sooner than the 28 for which backups of the table are kept.',
    )
    expect((await rules({ ...rule, incompleteUploadDays: undefined }))[0]?.[1]).to.match(/^No rule ends uploads/)
    expect(await rules({ ...rule, takesCurrent: true })).to.deep.equal([
      ['fatal', 'A rule expires current objects, or puts them where they cannot be read at once: stored files will be lost.'],
    ])
    expect(await says({ lifecycle: refuse('NotImplemented') })).to.deep.equal([
      ['warning', 'It cannot be seen: the store answers NotImplemented.'],
    ])
  })

  it('holds the clock against the Date header', async () => {
    const clock = async (apart: number) => (await ofBucket({ serverTime: () => now - apart }))[1]
    expect(await clock(59_000)).to.deep.include({ level: 'fine' })
    expect(await clock(-61_000)).to.deep.include({
      level: 'warning',
      says: "This machine's clock is 61 s behind the service's.",
    })
    expect(await clock(900_000)).to.deep.include({
      level: 'fatal',
      says: "This machine's clock is 900 s ahead of the service's.",
    })
  })
})

describe('What the doctor says of a table', () => {
  it('is one line a check where all is well', async () => {
    expect((await ofTable({})).map(({ check, level, says }) => `${check} ${level}: ${says}`)).to.deep.equal([
      'table fine: The table acme is there, with the keys of this house.',
      'clock of the table fine: It agrees with this machine.',
      'permissions of the table fine: Rows can be read, listed, and written in transactions.',
      'capacity of the table fine: On demand.',
      'deletion of the table fine: It is protected from it.',
      'encryption of the table fine: By a key in KMS.',
      'point-in-time recovery of the table fine: It is on, 35 days back.',
    ])
  })

  it('names a table of another shape, one that is not there, one that goes, and what is refused', async () => {
    const only = async (more: Partial<TableInspection>) =>
      (await sick(ofTable(more))).map(({ level, says }) => `${level}: ${says}`)
    const described = (more: Partial<TableFacts>) => ({ describe: async () => ({ ...facts, ...more }) })
    expect(await only(described({ wrongShape: 'its keys are id (S, HASH) and not p (B, HASH), s (B, RANGE)' }))).to.deep.equal([
      'fatal: The table acme is none of this house: its keys are id (S, HASH) and not p (B, HASH), s (B, RANGE).',
    ])
    expect(await only({ describe: async () => undefined })).to.deep.equal([
      'warning: The table acme does not exist: the first start makes it, where it may (dynamodb:CreateTable).',
    ])
    expect(await only(described({ status: 'DELETING' }))).to.deep.equal(['fatal: The table acme is DELETING.'])
    expect(await only({ describe: refuse('AccessDeniedException') })).to.deep.equal([
      'fatal: The table acme refuses dynamodb:DescribeTable.',
    ])
    expect(await only({ describe: refuse('ExpiredTokenException') })).to.deep.equal(['fatal: The credentials have expired.'])
    expect(await only({ describe: refuse('UnrecognizedClientException') })).to.deep.equal([
      'fatal: The service does not know the credentials (UnrecognizedClientException).',
    ])
    expect(await only({ scan: refuse('AccessDeniedException'), transact: refuse('AccessDeniedException') })).to.deep.equal([
      'fatal: The table acme refuses dynamodb:Scan.',
      'fatal: The table acme refuses dynamodb:ConditionCheckItem, PutItem and DeleteItem in a transaction.',
    ])
  })

  it('warns of guards that are off', async () => {
    const only = async (more: Partial<TableInspection>) =>
      (await sick(ofTable(more))).map(({ check, says }) => `${check}: ${says}`)
    const unguarded = { ...facts, onDemand: false, protectedFromDeletion: false }
    expect(
      await only({ describe: async () => unguarded, recovery: async () => ({ enabled: false, days: undefined }) }),
    ).to.deep.equal([
      'capacity of the table: It is provisioned: bursts are throttled.',
      'deletion of the table: A slip of the hand can delete it.',
      'point-in-time recovery of the table: It is off: there is no way back from a wrong write.',
    ])
    expect(await only({ recovery: async () => ({ enabled: true, days: 7 }) })).to.deep.equal([
      'point-in-time recovery of the table: It goes back 7 days only.',
    ])
    const keys = { ...inTable, keys: true, check: 'table of keys' }
    const ofKeys = async (days: number) =>
      (await sick(ofTable({ recovery: async () => ({ enabled: true, days }) }, keys))).map(
        ({ check, says }) => `${check}: ${says}`,
      )
    // As examples/cloud sets it up; and as the service does where nobody says anything.
    expect(await ofKeys(7)).to.deep.equal([])
    expect(await ofKeys(35)).to.deep.equal([
      'point-in-time recovery of the table of keys: It goes back 35 days: for so long an organization that was shredded can come back.',
    ])
    expect(await only({ recovery: refuse('AccessDeniedException') })).to.deep.equal([
      'point-in-time recovery of the table: It cannot be seen: dynamodb:DescribeContinuousBackups is refused.',
    ])
  })
})

describe('A start', () => {
  it('is stopped by every fatal finding, and by nothing else', async () => {
    stopOnFatal(await ofBucket({ versioning: async () => undefined }))
    const failure = (() => {
      try {
        stopOnFatal([
          { check: 'bucket', level: 'fatal', says: 'It is gone.', todo: 'Make it.' },
          { check: 'clock', level: 'warning', says: 'It is late.', todo: 'Set it.' },
          { check: 'table', level: 'fatal', says: 'It is another.' },
        ])
      } catch (error) {
        return error
      }
      return undefined
    })()
    expect([(failure as Error).name, (failure as Error).message]).to.deep.equal([
      'FatalFinding',
      'bucket: It is gone. Make it.\ntable: It is another.',
    ])
  })
})
