import { Server } from '../clients/server.js'
import { packed, publishBody, publishDocument } from '../support/npm-package.js'
import { contest, show } from './contest.js'
import { requestBytes } from './load.js'
import { startNginx } from './nginx.js'
import { median } from './process-cpu.js'
import { startVerdaccio } from './verdaccio.js'
import { wireBody } from './wire-body.js'

/** The abbreviated, compressed packument of a package with a thousand versions: nginx has it as a compressed file, Verdaccio the same versions in its
 *  storage. And what publishing the last of them took against the first. */
const count = Number(process.env['BENCH_VERSIONS'] ?? 1_000)
const timed = 30
const name = 'many-versions'
const manifestOf = (n: number) => ({
  name,
  version: `1.${Math.floor(n / 50)}.${n % 50}`,
  description: 'A package that has been published often',
  main: 'index.js',
  bin: { [name]: 'index.js' },
  engines: { node: '>=18' },
  dependencies: Object.fromEntries(Array.from({ length: 8 }, (_, at) => [`dependency-${at}`, `^${n % 7}.${at}.0`])),
  devDependencies: { typescript: '5.9.3', mocha: '11.7.4' },
})
const accept = 'application/vnd.npm.install-v1+json; q=1.0, application/json; q=0.8, */*'

const server = await Server.start()
try {
  const { org, token } = await server.target('npm')
  const authorization = `Bearer ${token}`
  const address = `${server.url}/${org}/npm/${name}`
  const times: number[] = []
  const publish = async (n: number) => {
    const body = JSON.stringify(await publishBody(manifestOf(n)))
    const began = performance.now()
    const answer = await fetch(address, { method: 'PUT', headers: { authorization, 'content-type': 'application/json' }, body })
    if (answer.status !== 201) throw new Error(`publish ${n} was answered ${answer.status}: ${await answer.text()}`)
    await answer.arrayBuffer()
    times[n] = performance.now() - began
  }
  // The first and the last one after the other, for they are timed.
  let next = 0
  while (next < timed) await publish(next++)
  const several = async () => {
    while (next < count - timed) await publish(next++)
  }
  await Promise.all(Array.from({ length: 8 }, several))
  while (next < count) await publish(next++)
  const abbreviated = Buffer.from(await (await fetch(address, { headers: { authorization, accept } })).arrayBuffer())
  const compressed = await wireBody(address, { authorization, accept, 'accept-encoding': 'gzip' })
  const versions = Object.assign({}, ...(await Promise.all(Array.from({ length: count }, (_, n) => stored(n)))))
  const latest = Object.keys(versions).at(-1)
  const packument = {
    name,
    'dist-tags': { latest },
    versions,
    time: Object.fromEntries(Object.keys(versions).map((v) => [v, '2026-01-01T00:00:00.000Z'])),
  }
  const nginx = await startNginx(
    { 'packument.json': abbreviated, 'packument.json.gz': compressed },
    'sendfile on; gzip_static on; gzip_vary on;',
  )
  const verdaccio = await startVerdaccio({ [name]: { packument, tarballs: {} } })
  try {
    const headers = { accept, 'accept-encoding': 'gzip' }
    if (nginx) await holds(`http://127.0.0.1:${nginx.port}/packument.json`, headers)
    if (verdaccio) await holds(`http://127.0.0.1:${verdaccio.port}/${name}`, headers)
    await holds(address, { ...headers, authorization })
    const standing = await contest({
      case: `packument of ${count} versions, abbreviated, gzip`,
      connections: 64,
      contenders: [
        {
          name: 'cloudrepo',
          port: Number(new URL(server.url).port),
          pid: server.pid,
          request: requestBytes('GET', new URL(address).pathname, { ...headers, authorization }),
        },
        ...(nginx ? [{ name: 'nginx', ...nginx, request: requestBytes('GET', '/packument.json', headers) }] : []),
        ...(verdaccio ? [{ name: 'Verdaccio', ...verdaccio, request: requestBytes('GET', `/${name}`, headers) }] : []),
      ],
      goals: [
        { against: 'nginx', by: 'answers', atLeast: 0.25 },
        { against: 'Verdaccio', by: 'answers', atLeast: 300 },
      ],
      missing: [...(nginx ? [] : ['nginx']), ...(verdaccio ? [] : ['Verdaccio'])],
    })
    const [first, last] = [median(times.slice(0, timed)), median(times.slice(-timed))]
    const notes = [
      `${abbreviated.length} bytes, ${compressed.length} compressed`,
      `a publish took ${first.toFixed(1)} ms among the first ${timed}, ${last.toFixed(1)} ms among the last: ${(last / first).toFixed(2)} (goal ≤ 1.5)`,
    ]
    show([{ ...standing, notes }])
  } finally {
    await nginx?.stop()
    await verdaccio?.stop()
  }
} finally {
  await server.stop()
}

/** One version as the document of a publish has it. */
async function stored(n: number): Promise<object> {
  return publishDocument(manifestOf(n), await packed(manifestOf(n))).versions
}

/** All versions, compressed: or there is nothing to compare. */
async function holds(url: string, headers: Record<string, string>): Promise<void> {
  const answer = await fetch(url, { headers })
  const { versions = {} } = (await answer.json()) as { versions?: object }
  if (answer.headers.get('content-encoding') !== 'gzip' || Object.keys(versions).length !== count)
    throw new Error(`${url} answers ${answer.status} with ${Object.keys(versions).length} versions, not compressed or not all`)
}
