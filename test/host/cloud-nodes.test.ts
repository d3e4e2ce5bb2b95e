import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect } from 'chai'
import { obtain } from '../clients/client-cache.js'
import { Server } from '../clients/server.js'
import { newCloudHouse } from '../support/cloud-house.js'
import { type CloudServers, cloudServers } from '../support/servers.js'

describe('A house on S3 and DynamoDB', () => {
  let servers: CloudServers
  before(async function () {
    servers = await obtain(this, 'S3 and DynamoDB', cloudServers)
  })

  it('is served by nodes that start at once: one makes the sample, what one stores the other answers', async function () {
    this.timeout(60_000)
    const settings = await newCloudHouse(servers)
    const nodes = await Promise.all([Server.start(settings), Server.start(settings)])
    try {
      const sampled = nodes.filter(({ greeting }) => greeting.includes("member 'admin', password:"))
      expect(sampled).to.have.length(1)
      const [one, other] = [sampled[0] as Server, nodes.find((node) => node !== sampled[0]) as Server]
      const { token } = await one.target('raw')
      const body = Buffer.alloc(9 * 1024 * 1024, 'bytes of a large file; ')
      const headers = { authorization: `Bearer ${token}` }
      const put = await fetch(`${one.url}/main/raw/docs/large.bin`, { method: 'PUT', headers, body })
      expect(put.status).to.equal(201)
      const got = await fetch(`${other.url}/main/raw/docs/large.bin`, { headers })
      expect(Buffer.from(await got.arrayBuffer()).equals(body)).to.equal(true)
      const part = await fetch(`${other.url}/main/raw/docs/large.bin`, {
        headers: { ...headers, range: 'bytes=8388600-8388620' },
      })
      expect([part.status, Buffer.from(await part.arrayBuffer()).equals(body.subarray(8_388_600, 8_388_621))]).to.deep.equal([
        206,
        true,
      ])
      expect((await fetch(`${other.url}/main/raw/docs/large.bin`, { method: 'DELETE', headers })).status).to.equal(204)
      expect((await fetch(`${one.url}/main/raw/docs/large.bin`, { headers })).status).to.equal(404)
      // Nothing of the house lies on the machine but its lock, and what the first start had to say.
      expect((await readdir(one.data)).sort()).to.deep.equal(['admin-password', 'house.lock', 'operator-token', 'spool'])
      expect((await readdir(other.data)).filter((name) => !/^(house\.lock|operator-token)$/.test(name))).to.deep.equal(['spool'])
      expect(await readdir(join(one.data, 'spool'))).to.deep.equal([])
    } finally {
      await Promise.all(nodes.map((node) => node.stop()))
    }
  })

  it('goes on with workers, after a restart on another machine', async function () {
    this.timeout(60_000)
    const settings = { ...(await newCloudHouse(servers)), CLOUDREPO_WORKERS: '2' }
    const first = await Server.start(settings)
    const { token, password } = await first.target('raw')
    const headers = { authorization: `Bearer ${token}` }
    expect((await fetch(`${first.url}/main/raw/a.txt`, { method: 'PUT', headers, body: 'kept' })).status).to.equal(201)
    expect(await readFile(join(first.data, 'admin-password'), 'utf8')).to.equal(`${password}\n`)
    await first.stop()
    const second = await Server.start(settings)
    try {
      expect(second.greeting).to.equal(`ready ${second.url}\n`)
      expect(await (await fetch(`${second.url}/main/raw/a.txt`, { headers })).text()).to.equal('kept')
    } finally {
      await second.stop()
    }
  })

  it('may have its bytes in S3 and its rows on the machine: one node, with its own key', async function () {
    this.timeout(60_000)
    const { CLOUDREPO_METADATA: _, CLOUDREPO_ROOT_KEY: __, ...settings } = await newCloudHouse(servers)
    const rows = Object.fromEntries(Object.entries(settings).filter(([name]) => !name.startsWith('CLOUDREPO_DYNAMODB_')))
    const first = await Server.start(rows)
    try {
      const { token } = await first.target('raw')
      const headers = { authorization: `Bearer ${token}` }
      expect((await fetch(`${first.url}/main/raw/a.txt`, { method: 'PUT', headers, body: 'in S3' })).status).to.equal(201)
      expect(await (await fetch(`${first.url}/main/raw/a.txt`, { headers })).text()).to.equal('in S3')
      expect(await readdir(join(first.data, 'spool'))).to.deep.equal([])
      expect(await readdir(first.data))
        .to.include.members(['keys', 'metadata'])
        .and.to.not.include('blobs')
    } finally {
      await first.stop()
    }
  })

  const refusals: readonly [what: string, settings: Record<string, string>, sentence: RegExp][] = [
    [
      'a bucket that is not there',
      { CLOUDREPO_S3_BUCKET: 'no-such-bucket' },
      /CLOUDREPO_S3_BUCKET: there is no bucket 'no-such-bucket'/,
    ],
    [
      'a region that is not the bucket’s',
      { CLOUDREPO_S3_REGION: 'eu-west-1' },
      /CLOUDREPO_S3_REGION: the bucket '.*' does not lie in eu-west-1/,
    ],
    ['an access key that nobody knows', { AWS_ACCESS_KEY_ID: 'stranger' }, /does not know the access key|UnrecognizedClient/],
    ['a root key that is missing', { CLOUDREPO_ROOT_KEY: './no.key' }, /CLOUDREPO_ROOT_KEY: .*no\.key cannot be read/],
    [
      'nobody at the address',
      { CLOUDREPO_S3_ENDPOINT: 'http://127.0.0.1:9' },
      /The blob store at http:\/\/127\.0\.0\.1:9 does not answer \(ECONNREFUSED\)/,
    ],
  ]
  for (const [what, wrong, sentence] of refusals)
    it(`does not start with ${what}, and says so`, async () => {
      const settings = { ...(await newCloudHouse(servers)), ...wrong }
      const message = await Server.start(settings).then(
        async (server) => `${await server.stop()} it started`,
        (error: Error) => error.message,
      )
      expect(message).to.match(sentence)
    })
})
