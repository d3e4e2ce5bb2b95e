// A house of several nodes behind a balancer, on this machine alone: the real servers of S3 and DynamoDB that the tests use, nodes as processes.
//   node examples/cloud/on-one-machine.mjs [--nodes 2] [--port 8080] [--minutes 30] [--check]
// --check: publishes through the balancer, reads from every node, kills one, reads again, ends. Everything ends with this process, and its data with it.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { pipeline } from 'node:stream'
import { setTimeout as pause } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import {
  CreateBucketCommand,
  PutBucketLifecycleConfigurationCommand,
  PutBucketVersioningCommand,
  S3Client,
} from '@aws-sdk/client-s3'

const { values } = parseArgs({
  options: {
    nodes: { type: 'string', default: '2' },
    port: { type: 'string', default: '8080' },
    minutes: { type: 'string', default: '30' },
    check: { type: 'boolean', default: false },
  },
})
const root = fileURLToPath(new URL('../../', import.meta.url))
const main = join(root, 'dist', 'host', 'launch.cjs')
const { CloudServers, cloudCredentials, cloudRegion } = await import(join(root, 'dist', 'test', 'support', 'servers.js'))

const place = mkdtempSync(join(tmpdir(), 'cloudrepo-cloud-'))
const children = new Set()
process.once('exit', () => {
  for (const child of children) child.kill('SIGKILL')
  rmSync(place, { recursive: true, force: true })
})
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => process.exit(0))
setTimeout(() => process.exit(0), Number(values.minutes) * 60_000).unref()

console.log('starting the servers of S3 and DynamoDB …')
const servers = await CloudServers.start()
await makeBucket('house')
const rootKey = join(place, 'root.key')
writeFileSync(rootKey, `k1:${crypto.getRandomValues(Buffer.alloc(32)).toString('base64')}\n`, { mode: 0o400 })

const nodes = []
const balancer = await balance(nodes)
const url = `http://127.0.0.1:${balancer.address().port}`
const shared = {
  PATH: process.env.PATH,
  ...servers.settings('house', 'house'),
  CLOUDREPO_ROOT_KEY: rootKey,
  CLOUDREPO_LISTEN: '127.0.0.1:0',
  CLOUDREPO_PUBLIC_URL: url,
  CLOUDREPO_TRUSTED_PROXIES: '127.0.0.1/32',
}
await doctor()
for (let at = 1; at <= Number(values.nodes); at++) nodes.push(await startNode(at))
const password = readFileSync(join(place, 'node-1', 'admin-password'), 'utf8').trim()

console.log(`\n${nodes.length} nodes behind ${url}: ${nodes.map((node) => node.url).join(' ')}`)
console.log(`organization 'main', member 'admin', password: ${password}`)
if (values.check) {
  await check()
  process.exit(0)
}
console.log(`Ends in ${values.minutes} minutes, or with Ctrl-C; its data goes with it.`)
await once(process, 'exit')

/** As examples/cloud/terraform makes it, as far as this server has it. */
async function makeBucket(bucket) {
  const client = new S3Client({
    endpoint: servers.endpoint,
    region: cloudRegion,
    forcePathStyle: true,
    credentials: cloudCredentials,
  })
  const rule = {
    ID: 'old-versions-and-broken-uploads',
    Status: 'Enabled',
    Filter: { Prefix: '' },
    NoncurrentVersionExpiration: { NoncurrentDays: 28 },
    AbortIncompleteMultipartUpload: { DaysAfterInitiation: 7 },
  }
  await client.send(new CreateBucketCommand({ Bucket: bucket }))
  await client.send(new PutBucketVersioningCommand({ Bucket: bucket, VersioningConfiguration: { Status: 'Enabled' } }))
  await client.send(new PutBucketLifecycleConfigurationCommand({ Bucket: bucket, LifecycleConfiguration: { Rules: [rule] } }))
  client.destroy()
}

async function doctor() {
  const env = { ...shared, CLOUDREPO_DATA: join(place, 'node-1') }
  const child = spawn(process.execPath, [main, 'doctor'], { cwd: place, env, stdio: 'inherit' })
  const [status] = await once(child, 'exit')
  if (status !== 0) throw new Error('The doctor found something fatal')
}

/** Ready to be asked. Its log goes into a file of its own. */
async function startNode(number) {
  const data = join(place, `node-${number}`)
  const child = spawn(process.execPath, [main, 'serve'], {
    cwd: place,
    env: { ...shared, CLOUDREPO_DATA: data },
    stdio: ['ignore', 'pipe', 'ignore'],
  })
  children.add(child)
  const node = { child, url: '' }
  child.once('exit', () => {
    children.delete(child)
    nodes.splice(nodes.indexOf(node), 1)
  })
  for await (const line of createInterface({ input: child.stdout })) {
    if (!line.startsWith('ready ')) continue
    child.stdout.resume()
    node.url = line.slice('ready '.length)
    return node
  }
  throw new Error(`Node ${number} did not start`)
}

/** One node after the other, whatever is asked: no session sticks to a node. */
async function balance(targets) {
  let turn = 0
  const server = createServer((incoming, outgoing) => {
    const target = targets[turn++ % Math.max(1, targets.length)]
    if (target === undefined) return void outgoing.writeHead(503, { 'retry-after': '2' }).end('No node is up\n')
    const headers = { ...incoming.headers, 'x-forwarded-for': incoming.socket.remoteAddress, 'x-forwarded-proto': 'http' }
    const { hostname, port } = new URL(target.url)
    const asked = request({ hostname, port, method: incoming.method, path: incoming.url, headers })
    asked.on('response', (answer) => {
      outgoing.writeHead(answer.statusCode, answer.statusMessage, answer.headers)
      pipeline(answer, outgoing, () => {})
    })
    pipeline(incoming, asked, (error) => {
      if (error && !outgoing.headersSent) outgoing.writeHead(502).end('The node is gone\n')
    })
  })
  server.listen(Number(values.port), '127.0.0.1')
  await once(server, 'listening')
  return server
}

async function check() {
  const authorization = `Basic ${Buffer.from(`admin:${password}`).toString('base64')}`
  const ask = async (base, method, body) => {
    const answer = await fetch(`${base}/main/raw/checked.bin`, { method, headers: { authorization }, body })
    return { status: answer.status, body: Buffer.from(await answer.arrayBuffer()) }
  }
  const bytes = Buffer.alloc(6_000_000, 'published through the balancer; ')
  const put = await ask(url, 'PUT', bytes)
  if (put.status !== 201) throw new Error(`PUT answered ${put.status}: ${put.body}`)
  for (const node of nodes) {
    const got = await ask(node.url, 'GET')
    if (got.status !== 200 || !got.body.equals(bytes)) throw new Error(`${node.url} answered ${got.status}`)
  }
  const [first] = nodes
  first.child.kill('SIGKILL')
  while (nodes.includes(first)) await pause(20)
  const got = await ask(url, 'GET')
  if (got.status !== 200 || !got.body.equals(bytes)) throw new Error(`with a node gone the balancer answered ${got.status}`)
  console.log('checked: stored through the balancer, read from every node, and again with one of them killed')
}
