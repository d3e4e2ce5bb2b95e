import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { CreateTableCommand, ListTablesCommand } from '@aws-sdk/client-dynamodb'
import { expect } from 'chai'
import { obtain } from '../../clients/client-cache.js'
import { run } from '../../clients/run.js'
import { Server } from '../../clients/server.js'
import { call } from '../../support/client.js'
import { CloudBuckets } from '../../support/cloud-buckets.js'
import { newCloudHouse } from '../../support/cloud-house.js'
import { DynamoTables } from '../../support/dynamo-tables.js'
import { type CloudServers, cloudServers } from '../../support/servers.js'

const main = fileURLToPath(new URL('../../../host/launch.cjs', import.meta.url))
type Found = { readonly check: string; readonly level: string; readonly says: string; readonly todo?: string }

describe('cloudrepo doctor, of a house on S3 and DynamoDB', function () {
  this.timeout(120_000)
  let servers: CloudServers
  let tables: DynamoTables
  let settings: Record<string, string>
  let folder: string
  before(async function () {
    servers = await obtain(this, 'S3 and DynamoDB', cloudServers)
    tables = await DynamoTables.start(this)
    settings = await newCloudHouse(servers)
    folder = await mkdtemp(join(tmpdir(), 'doctor-'))
  })
  after(() => folder && rm(folder, { recursive: true }))

  const doctor = async (more: Record<string, string>, ...words: readonly string[]) => {
    const env = { PATH: process.env['PATH'], CLOUDREPO_DATA: join(folder, 'data'), ...settings, ...more }
    const { status, stdout, stderr } = await run(process.execPath, [main, 'doctor', '--json', ...words], {
      cwd: folder,
      env,
      input: '',
    })
    return { status, stderr, found: stdout === '' ? [] : (JSON.parse(stdout) as Found[]) }
  }
  const fatal = async (more: Record<string, string>) => {
    const { status, found } = await doctor(more)
    return [status, ...found.filter(({ level }) => level === 'fatal').map(({ check, says }) => `${check}: ${says}`)]
  }

  it('names what is owed before the first start, and makes no table', async () => {
    const { status, stderr, found } = await doctor({})
    expect([status, stderr]).to.deep.equal([0, ''])
    const sick = found.filter(({ level }) => level === 'warning').map(({ check }) => check)
    expect(sick).to.include.members(['bucket versioning', 'lifecycle', 'TLS', 'table', 'table of keys'])
    const table = tables.client()
    const { TableNames = [] } = await table.send(new ListTablesCommand({}))
    table.destroy()
    expect(TableNames.filter((name) => name.startsWith(settings['CLOUDREPO_DYNAMODB_TABLE'] ?? ''))).to.deep.equal([])
    expect(await readdir(folder)).to.deep.equal([])
  })

  it('finds a house that serves to be well, and a blob whose bytes are gone', async () => {
    const server = await Server.start(settings)
    try {
      const { token } = await server.target('raw')
      const headers = { authorization: `Bearer ${token}` }
      for (const name of ['a.txt', 'b.txt'])
        expect((await call(server.url, { method: 'PUT', target: `/main/raw/${name}`, headers, body: name })).status).to.equal(201)
      const { status, found } = await doctor({})
      const says = (check: string) => found.find((one) => one.check === check)?.says
      expect([
        status,
        says('bucket permissions'),
        says('permissions of the table'),
        says('permissions of the table of keys'),
      ]).to.deep.equal([
        0,
        'Objects can be put once, read, listed and taken away.',
        'Rows can be read, listed, and written in transactions.',
        'Rows can be read, listed, and written in transactions.',
      ])
      expect([says('encryption'), says('contents')]).to.deep.equal([
        'The root key opens the keys of this data.',
        '1 organizations.',
      ])
      const whole = await doctor({}, '--data')
      expect(whole.status).to.equal(0)
      expect(whole.found).to.deep.include({ blobs: 2, problems: 0, unnamed: 0 })
      const store = await new CloudBuckets(servers.endpoint).open({ bucket: settings['CLOUDREPO_S3_BUCKET'] ?? '' })
      for await (const key of store.list('')) {
        await store.delete(key)
        break
      }
      await store.close()
      const broken = await doctor({}, '--data')
      expect([broken.status, broken.stderr]).to.deep.equal([1, '1 problems; nothing was changed\n'])
    } finally {
      await server.stop()
    }
  })

  it('names a wrong bucket, a strange key, another region, a closed port and a table of another shape', async () => {
    expect(await fatal({ CLOUDREPO_S3_BUCKET: 'no-such-bucket' })).to.deep.equal([
      1,
      `bucket: CLOUDREPO_S3_BUCKET: there is no bucket 'no-such-bucket' at ${servers.endpoint}.`,
    ])
    const strange = await fatal({ AWS_ACCESS_KEY_ID: 'stranger' })
    expect(strange).to.have.length(4)
    expect(strange[2]).to.equal(`table: ${servers.endpoint} does not know the credentials (UnrecognizedClientException).`)
    expect((await fatal({ CLOUDREPO_S3_REGION: 'eu-west-1' })).join()).to.match(
      /CLOUDREPO_S3_REGION: the bucket '.+' does not lie in eu-west-1/,
    )
    expect(await fatal({ CLOUDREPO_DYNAMODB_ENDPOINT: 'http://127.0.0.1:9' })).to.deep.equal([
      1,
      'table: http://127.0.0.1:9 cannot be reached (ECONNREFUSED).',
      'table of keys: http://127.0.0.1:9 cannot be reached (ECONNREFUSED).',
    ])
    const client = tables.client()
    const other = `other-${Date.now()}`
    await client.send(
      new CreateTableCommand({
        TableName: other,
        KeySchema: [{ AttributeName: 'id', KeyType: 'HASH' }],
        AttributeDefinitions: [{ AttributeName: 'id', AttributeType: 'S' }],
        BillingMode: 'PAY_PER_REQUEST',
      }),
    )
    client.destroy()
    const says = `table: The table ${other} is none of this house: its keys are id (S, HASH) and not p (B, HASH), s (B, RANGE).`
    expect(await fatal({ CLOUDREPO_DYNAMODB_TABLE: other })).to.deep.equal([1, says])
    const start = await Server.start({ ...settings, CLOUDREPO_DYNAMODB_TABLE: other }).then(
      async (server) => `${await server.stop()} it started`,
      (error: Error) => error.message,
    )
    expect(start).to.contain(`${says} Name another table, or make one by examples/cloud.`)
  })
})
