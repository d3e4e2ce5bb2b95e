import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect } from 'chai'
import { obtain } from '../../clients/client-cache.js'
import { Server } from '../../clients/server.js'
import { call } from '../../support/client.js'
import { newCloudHouse } from '../../support/cloud-house.js'
import { cloudServers } from '../../support/servers.js'
import { Moving } from '../support/moving.js'

describe('cloudrepo move, from one machine to S3 and DynamoDB and back', function () {
  this.timeout(300_000)
  let home: Server
  let token: string
  let cloud: Record<string, string>
  const files = new Map<string, string>()
  before(async function () {
    const servers = await obtain(this, 'S3 and DynamoDB', cloudServers)
    cloud = await newCloudHouse(servers)
    home = await Server.start({ CLOUDREPO_ROOT_KEY: cloud['CLOUDREPO_ROOT_KEY'] })
    token = (await home.target('raw')).token
  })
  after(() => home?.stop())

  const headers = () => ({ authorization: `Bearer ${token}` })
  const put = async (url: string, path: string, body: string) => {
    const { status } = await call(url, { method: 'PUT', target: `/main/raw/${path}`, headers: headers(), body })
    if (status === 201) files.set(path, body)
    return status
  }
  const expectAll = async (url: string) => {
    for (const [path, body] of files) {
      const answer = await call(url, { method: 'GET', target: `/main/raw/${path}`, headers: headers() })
      expect([path, answer.status, answer.body.equals(Buffer.from(body))]).to.deep.equal([path, 200, true])
    }
  }
  const moving = (from: Record<string, string>, to: string) => new Moving(home.folder, from, to)
  /** Of the settings file, from the environment's names. */
  const inFile = (data: string) => ({
    data,
    rootKey: cloud['CLOUDREPO_ROOT_KEY'],
    ...{ blobs: 's3', s3Bucket: cloud['CLOUDREPO_S3_BUCKET'], s3Endpoint: cloud['CLOUDREPO_S3_ENDPOINT'] },
    ...{ s3Region: cloud['CLOUDREPO_S3_REGION'], s3PathStyle: 'on' },
    ...{ metadata: 'dynamodb', dynamodbTable: cloud['CLOUDREPO_DYNAMODB_TABLE'] },
    ...{ dynamodbEndpoint: cloud['CLOUDREPO_DYNAMODB_ENDPOINT'], dynamodbRegion: cloud['CLOUDREPO_DYNAMODB_REGION'] },
  })
  const credentials = () => Object.fromEntries(Object.entries(cloud).filter(([name]) => name.startsWith('AWS_')))

  it('goes up, killed in the middle, while somebody publishes', async () => {
    for (let at = 0; at < 40; at++) expect(await put(home.url, `before/${at}.bin`, `${at} `.repeat(500 * (at + 1)))).to.equal(201)
    const to = join(home.folder, 'cloud.json')
    await writeFile(to, JSON.stringify(inFile(join(home.folder, 'node'))))
    const from = { ...credentials(), CLOUDREPO_DATA: home.data, CLOUDREPO_ROOT_KEY: cloud['CLOUDREPO_ROOT_KEY'] ?? '' }
    let stop = false
    const refusals = new Set<number>()
    const publishing = (async () => {
      for (let at = 0; !stop; at++) {
        const status = await put(home.url, `during/${at}.txt`, `during ${at}`)
        if (status !== 201) refusals.add(status)
        await new Promise((resolve) => setTimeout(resolve, status === 201 ? 20 : 200))
      }
    })()
    expect((await moving(from, to).killedAfter(3_000)).signal).to.equal('SIGKILL')
    const { status, stderr, stdout } = await moving(from, to).ended
    stop = true
    await publishing
    expect([status, stderr, [...refusals]]).to.deep.equal([0, '', [503]])
    expect((JSON.parse(stdout) as { blobs: number }).blobs).to.be.at.least(files.size)
    await home.halt()
    const node = await Server.start(cloud)
    try {
      await expectAll(node.url)
      expect(await put(node.url, 'up/there.txt', 'written to the cloud')).to.equal(201)
      const large = 'a large one '.repeat(800_000)
      expect(await put(node.url, 'up/large.bin', large)).to.equal(201)
    } finally {
      await node.stop()
    }
  })

  it('comes down into another folder', async () => {
    const data = join(home.folder, 'down', 'data')
    const to = join(home.folder, 'down.json')
    await writeFile(to, JSON.stringify({ data, rootKey: cloud['CLOUDREPO_ROOT_KEY'] }))
    const { status, stderr } = await moving({ ...cloud, CLOUDREPO_DATA: join(home.folder, 'node') }, to).ended
    expect([status, stderr]).to.deep.equal([0, ''])
    const refused = await Server.start(cloud)
    const late = await call(refused.url, { method: 'PUT', target: '/main/raw/late.txt', headers: headers(), body: 'late' })
    expect(late.status).to.equal(503)
    expect(late.text()).to.contain(`This server is read-only: It was moved to ${data}`)
    await refused.stop()
    const back = await Server.start({ CLOUDREPO_DATA: data, CLOUDREPO_ROOT_KEY: cloud['CLOUDREPO_ROOT_KEY'] })
    try {
      await expectAll(back.url)
      expect(await put(back.url, 'home.txt', 'home again')).to.equal(201)
    } finally {
      await back.stop()
    }
  })
})
