import 'reflect-metadata'
import { randomBytes } from 'node:crypto'
import { Server } from '../clients/server.js'
import { CloudProxy } from '../faults/cloud-proxy.js'
import { newCloudHouse } from '../support/cloud-house.js'
import { packed, publishDocument } from '../support/npm-package.js'
import { cloudServers } from '../support/servers.js'
import { load, type Requests, requestBytes } from './load.js'

/** The same requests to a house on files with LMDB and to one on S3 with DynamoDB; of the second, what it asked of both services on the wire. */
const count = Number(process.env['BENCH_COUNT'] ?? 60)
let made = 0

const proxy = await CloudProxy.start((await cloudServers()).endpoint)
const shared = await newCloudHouse(await cloudServers())
const through = { CLOUDREPO_S3_ENDPOINT: proxy.url, CLOUDREPO_DYNAMODB_ENDPOINT: proxy.url }
const servers = [await Server.start(), await Server.start({ ...shared, ...through })] as const

interface Case {
  readonly title: string
  readonly status: number
  requests(token: string, amount: number): Promise<Buffer[]>
}
const bearer = (token: string) => ({ authorization: `Bearer ${token}` })
const times = async (amount: number, make: () => Promise<Buffer> | Buffer) => {
  const requests: Buffer[] = []
  for (let at = 0; at < amount; at += 1) requests.push(await make())
  return requests
}
const put = (size: number): Case['requests'] => {
  return (token, amount) =>
    times(amount, () => requestBytes('PUT', `/main/raw/bench/f${made++}.bin`, bearer(token), randomBytes(size)))
}
const get = (path: string): Case['requests'] => {
  return (token, amount) => times(amount, () => requestBytes('GET', path, bearer(token)))
}
const publication = (name: string) => async (token: string) => {
  const manifest = { name, version: '1.0.0' }
  const tarball = await packed(manifest, [{ name: 'package/data.txt', content: randomBytes(550).toString('base64') }])
  const body = Buffer.from(JSON.stringify(publishDocument(manifest, tarball)))
  return requestBytes('PUT', `/main/npm/${name}`, { ...bearer(token), 'content-type': 'application/json' }, body)
}
const cases: readonly Case[] = [
  { title: 'raw PUT of 1 KiB', status: 201, requests: put(1_024) },
  { title: 'raw PUT of 1 MiB', status: 201, requests: put(1024 ** 2) },
  { title: 'raw GET of 1 KiB', status: 200, requests: get('/main/raw/kept/small.bin') },
  { title: 'raw GET of 1 MiB', status: 200, requests: get('/main/raw/kept/large.bin') },
  { title: 'npm publish', status: 201, requests: (token, amount) => times(amount, () => publication(`bench-${made++}`)(token)) },
  { title: 'npm packument', status: 200, requests: get('/main/npm/kept') },
  { title: 'npm tarball', status: 200, requests: get('/main/npm/kept/-/kept-1.0.0.tgz') },
  { title: 'Maven PUT of a jar', status: 201, requests: (token, amount) => times(amount, () => jar(token)) },
]
function jar(token: string): Buffer {
  const name = `lib${made++}`
  return requestBytes('PUT', `/main/maven/org/bench/${name}/1.0/${name}-1.0.jar`, bearer(token), randomBytes(1_024))
}
const requestsOf =
  (all: Buffer[]): Requests =>
  () =>
    all.pop()

try {
  const targets = await Promise.all(
    servers.map(async (server) => ({ port: Number(new URL(server.url).port), ...(await server.target('raw')) })),
  )
  for (const { port, token } of targets) {
    const kept = [
      requestBytes('PUT', '/main/raw/kept/small.bin', bearer(token), randomBytes(1_024)),
      requestBytes('PUT', '/main/raw/kept/large.bin', bearer(token), randomBytes(1024 ** 2)),
      await publication('kept')(token),
    ]
    await load({ port, connections: 1, requests: requestsOf(kept), status: 201 })
  }
  console.log(
    '| request | at once | files and LMDB, /s | S3 and DynamoDB, /s | ratio | asked of the services, for each |\n| --- | --- | --- | --- | --- | --- |',
  )
  for (const { title, status, requests } of cases)
    for (const connections of [1, 16]) {
      const figures: number[] = []
      let wire = ''
      for (const [at, { port, token }] of targets.entries()) {
        const all = await requests(token, count)
        proxy.asked.clear()
        const { perSecond, failures } = await load({ port, connections, requests: requestsOf(all), status })
        if (failures > 0) throw new Error(`${title}: ${failures} failed`)
        figures.push(perSecond)
        if (at === 1)
          wire = [...proxy.asked]
            .sort()
            .map(([name, asked]) => `${name} ${(asked / count).toFixed(1)}`)
            .join(', ')
      }
      const [files = 0, cloud = 0] = figures
      console.log(
        `| ${title} | ${connections} | ${files.toFixed(0)} | ${cloud.toFixed(0)} | ${(cloud / files).toFixed(2)} | ${wire} |`,
      )
    }
} finally {
  for (const server of servers) await server.stop()
  await proxy.stop()
}
