import { createServer, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import {
  PutBucketEncryptionCommand,
  PutBucketLifecycleConfigurationCommand,
  PutBucketPolicyCommand,
  PutBucketVersioningCommand,
  PutPublicAccessBlockCommand,
} from '@aws-sdk/client-s3'
import { expect } from 'chai'
import { inspectBucket, inspectTable } from '../../../../core/storage/drivers/cloud-inspection.js'
import { S3Calls, s3Pace } from '../../../../core/storage/drivers/s3-calls.js'
import { openS3Client, type S3Place } from '../../../../core/storage/drivers/s3-client.js'
import { inspectBucket as lookAt } from '../../../../core/storage/drivers/s3-inspection.js'
import { CloudBuckets } from '../../../support/cloud-buckets.js'
import { DynamoTables } from '../../../support/dynamo-tables.js'
import { cloudCredentials, cloudEnvironment, cloudRegion } from '../../../support/servers.js'

const tlsOnly = {
  Version: '2012-10-17',
  Statement: [
    { Effect: 'Deny', Principal: '*', Action: 's3:*', Resource: '*', Condition: { Bool: { 'aws:SecureTransport': 'false' } } },
  ],
}

describe('A look at a bucket of a real server', function () {
  this.timeout(120_000)
  let buckets: CloudBuckets
  let place: S3Place
  before(async function () {
    buckets = await CloudBuckets.start(this)
  })
  beforeEach(async () => {
    place = buckets.place(await buckets.make(), 'house/')
  })

  it('tries every action, tells the server’s time, and leaves nothing', async () => {
    const bucket = await inspectBucket(place)
    await bucket.list()
    expect(Math.abs((bucket.serverTime() ?? 0) - Date.now())).to.be.lessThan(60_000)
    expect(await bucket.putTwice()).to.equal(true)
    await bucket.read()
    await bucket.remove()
    expect(await bucket.read().catch(({ name }: Error) => name)).to.equal('NoSuchKey')
    await bucket.multipart()
    await bucket.listUploads()
    bucket.close()
  })

  it('sees how a bucket is set up, and that another was never set up', async () => {
    const bucket = await inspectBucket(place)
    const seen = async () => ({
      versioning: await bucket.versioning(),
      encryption: await bucket.encryption(),
      blocked: await bucket.publicAccessBlocked(),
      lifecycle: await bucket.lifecycle(),
      policy: JSON.parse((await bucket.policy()) ?? 'null') as unknown,
    })
    expect(await seen()).to.deep.include({ versioning: undefined, lifecycle: [], policy: null })
    const client = openS3Client(place)
    const Bucket = place.bucket
    await client.send(new PutBucketVersioningCommand({ Bucket, VersioningConfiguration: { Status: 'Enabled' } }))
    const sse = { Rules: [{ ApplyServerSideEncryptionByDefault: { SSEAlgorithm: 'AES256' as const } }] }
    await client.send(new PutBucketEncryptionCommand({ Bucket, ServerSideEncryptionConfiguration: sse }))
    const blocks = { BlockPublicAcls: true, IgnorePublicAcls: true, BlockPublicPolicy: true, RestrictPublicBuckets: true }
    const open = { ...blocks, RestrictPublicBuckets: false }
    await client.send(new PutPublicAccessBlockCommand({ Bucket, PublicAccessBlockConfiguration: open }))
    expect(await bucket.publicAccessBlocked()).to.equal(false)
    await client.send(new PutPublicAccessBlockCommand({ Bucket, PublicAccessBlockConfiguration: blocks }))
    const rules = [
      {
        ID: 'all',
        Status: 'Enabled' as const,
        Filter: { Prefix: '' },
        NoncurrentVersionExpiration: { NoncurrentDays: 28 },
        AbortIncompleteMultipartUpload: { DaysAfterInitiation: 7 },
      },
      { ID: 'off', Status: 'Disabled' as const, Filter: { Prefix: '' }, Expiration: { Days: 1 } },
      { ID: 'other', Status: 'Enabled' as const, Filter: { Prefix: 'other/' }, Expiration: { Days: 1 } },
    ]
    await client.send(new PutBucketLifecycleConfigurationCommand({ Bucket, LifecycleConfiguration: { Rules: rules } }))
    await client.send(new PutBucketPolicyCommand({ Bucket, Policy: JSON.stringify(tlsOnly) }))
    expect(await seen()).to.deep.equal({
      versioning: 'Enabled',
      encryption: 'AES256',
      blocked: true,
      lifecycle: [
        { everything: true, noncurrentDays: 28, incompleteUploadDays: 7, takesCurrent: false },
        { everything: false, noncurrentDays: undefined, incompleteUploadDays: undefined, takesCurrent: true },
      ],
      policy: tlsOnly,
    })
    client.destroy()
    bucket.close()
  })

  it('throws what the server refuses with, by name, its time noted', async () => {
    const refused = async (other: Partial<S3Place>) => {
      const bucket = await inspectBucket({ ...place, ...other })
      const name = await bucket.list().catch((error: Error) => error.name)
      bucket.close()
      return [name, bucket.serverTime() !== undefined]
    }
    expect(await refused({ bucket: 'no-such-bucket-here' })).to.deep.equal(['NoSuchBucket', true])
    expect(await refused({ credentials: { accessKeyId: 'stranger', secretAccessKey: 'x' } })).to.deep.equal([
      'InvalidAccessKeyId',
      true,
    ])
    expect((await refused({ endpoint: 'http://127.0.0.1:1' }))[1]).to.equal(false)
  })
})

describe('A look at a bucket whose server does not answer as it should', () => {
  let answers: ((response: ServerResponse) => void)[]
  let server: Server
  let place: S3Place
  before(async () => {
    server = createServer((request, response) => {
      request.resume()
      answers.shift()?.(response)
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const { port } = server.address() as AddressInfo
    place = {
      bucket: 'acme',
      endpoint: `http://127.0.0.1:${port}`,
      region: cloudRegion,
      pathStyle: true,
      credentials: cloudCredentials,
    }
  })
  after(() => {
    server.closeAllConnections()
    server.close()
  })
  const slowDown = (response: ServerResponse) => response.writeHead(503).end('<Error><Code>SlowDown</Code></Error>')
  const listed = (response: ServerResponse) => response.writeHead(200).end('<ListBucketResult></ListBucketResult>')
  const hasty = () => new S3Calls({ ...s3Pace, attempt: 100, deadline: 1_000, pause: 1 })

  it('asks again where it is told to slow down', async () => {
    answers = [slowDown, slowDown, listed]
    const bucket = lookAt(place, hasty())
    await bucket.list()
    expect(answers).to.deep.equal([])
    bucket.close()
  })

  it('waits for no answer for ever, and does not take one that was lost for a second object', async () => {
    const silent = () => {}
    answers = [silent, silent, silent, silent, silent]
    const bucket = lookAt(place, hasty())
    const failure = await bucket.list().catch((error: unknown) => bucket.explain(error))
    expect(failure).to.match(/^The blob store at http:\S+ does not answer/)
    const taken = (response: ServerResponse) => response.writeHead(412).end('<Error><Code>PreconditionFailed</Code></Error>')
    answers = [silent, taken, taken]
    expect(await bucket.putTwice()).to.equal(true)
    bucket.close()
  })
})

describe('A look at a table of a real server', function () {
  this.timeout(120_000)
  let tables: DynamoTables
  const environment = { ...process.env }
  before(async function () {
    tables = await DynamoTables.start(this)
    Object.assign(process.env, cloudEnvironment)
  })
  after(() => {
    for (const name of Object.keys(cloudEnvironment)) {
      if (environment[name] === undefined) delete process.env[name]
      else process.env[name] = environment[name]
    }
  })
  const look = (table: string) => inspectTable({ table, endpoint: tables.endpoint, region: cloudRegion })

  it('tries every action, tells shape and guards, and writes nothing', async () => {
    const name = await tables.make()
    const table = await look(name)
    expect(await table.describe()).to.deep.equal({
      status: 'ACTIVE',
      wrongShape: undefined,
      onDemand: true,
      protectedFromDeletion: false,
      encryption: undefined,
    })
    for (const action of [table.read, table.query, table.scan, table.put, table.transact]) await action()
    expect((await table.recovery()).enabled).to.equal(false)
    expect(Math.abs((table.serverTime() ?? 0) - Date.now())).to.be.lessThan(60_000)
    table.close()
    const store = tables.openAgain(name)
    for await (const { entry } of store.scan()) expect.fail(`${entry.key.partition} was written`)
    await store.close()
  })

  it('knows a table that is not there', async () => {
    const table = await look('none')
    expect(await table.describe()).to.equal(undefined)
    expect(await table.read().catch(({ name }: Error) => name)).to.equal('ResourceNotFoundException')
    table.close()
  })
})
