import { quietBefore } from '../../core/housekeeping/chore-rest.js'
import { MemoryMetadataStore } from '../../core/storage/drivers/memory-metadata-store.js'
import maven from '../../plugins/maven/index.js'
import npm from '../../plugins/npm/index.js'
import pypi from '../../plugins/pypi/index.js'
import raw from '../../plugins/raw/index.js'
import { FixedClock } from '../support/fixed-clock.js'
import type { Answer, House } from '../support/house.js'
import { openHouse } from '../support/house.js'
import { hexOf, MavenDeployment, pomOf } from '../support/maven-deployment.js'
import { publishBody } from '../support/npm-package.js'
import { multipart, uploadParts } from '../support/upload-form.js'
import { buildWheel } from '../support/wheel-builder.js'
import { type Calls, CountedBlobs, CountedMetadata, itemBytes, noCalls } from './counted-stores.js'

/** What one operation costs on average; `rows` and `bytes` are what the table grows by. */
export interface Operation extends Calls {
  readonly name: string
  /** HTTP requests. */
  readonly requests: number
  readonly rows: number
  readonly bytes: number
  /** Partition keys that were not there before. */
  readonly partitions: number
}

const repositories = [
  { name: 'files', format: 'raw' },
  { name: 'js', format: 'npm' },
  { name: 'py', format: 'pypi' },
  { name: 'jars', format: 'maven', policy: 'mixed' as const },
]
/** Longer than rows of rights are read anew after they changed. */
const rightsSettle = 2_000
const json = { 'content-type': 'application/json' }
const simple = { accept: 'application/vnd.pypi.simple.v1+json' }

/** A whole house on counting stores; every figure is an average over `times`, after one of the same was done to fill what a running house has in memory. */
export async function countOperations(times: number): Promise<readonly Operation[]> {
  const counted = await CountedHouse.open()
  try {
    const { house, measure } = counted
    const get = (target: string, headers: Readonly<Record<string, string>> = {}) => house.call('GET', target, { headers })
    const manifest = (at: number) => ({ name: `tool-${at}`, version: '1.0.0' })
    const publishNpm = async (name: string, version: string) =>
      house.call('PUT', `/acme/js/${name}`, { body: JSON.stringify(await publishBody({ name, version })), headers: json })
    const wheel = (at: number) => buildWheel({ name: `lib-${at}`, version: '1.0' })
    const etags = new Map<number, string>()
    // What an organization's first publish makes (its signing key) raises its epoch; a node keeps rows of rights a second after it met a new one.
    await house.call('PUT', '/acme/files/warm.txt', { body: 'warm' })
    await publishNpm('warm', '1.0.0')
    await get('/acme/files/warm.txt')
    counted.clock.advance(rightsSettle)
    const operations = [
      await measure('raw: PUT of a file', times, async (at) => [
        await house.call('PUT', `/acme/files/d/${at}.bin`, { body: `file ${at}` }),
      ]),
      await measure('raw: GET of a file, first on this node', times, async (at) => [await get(`/acme/files/d/${at}.bin`)]),
      await measure('raw: GET of a file, again', times, async (at) => [await get(`/acme/files/d/${at}.bin`)]),
      await measure('npm: publish of a new package', times, async (at) => [await publishNpm(`tool-${at}`, '1.0.0')]),
      await measure('npm: publish of a further version', times, async (at) => [await publishNpm('tool-0', `2.0.${at}`)]),
      await measure('npm: packument, first since its change', times, async (at) => {
        const answer = await get(`/acme/js/tool-${at}`)
        etags.set(at, answer.headers['etag'] ?? '')
        return [answer]
      }),
      await measure('npm: packument, 304', times, async (at) => [
        await get(`/acme/js/tool-${at}`, { 'if-none-match': etags.get(at) ?? '' }),
      ]),
      await measure('npm: tarball, first on this node', times, async (at) => [
        await get(`/acme/js/${manifest(at).name}/-/tool-${at}-1.0.0.tgz`),
      ]),
      await measure('Python: upload of a wheel', times, async (at) => {
        const { headers, body } = multipart(uploadParts(wheel(at), `lib-${at}`, '1.0'))
        return [await house.call('POST', '/acme/py/', { headers, body })]
      }),
      await measure('Python: page of a project, first since its change', times, async (at) => [
        await get(`/acme/py/simple/lib-${at}/`, simple),
      ]),
      await measure('Python: page of a project, again', times, async (at) => [await get(`/acme/py/simple/lib-${at}/`, simple)]),
      await measure('Python: wheel, first on this node', times, async (at) => [
        await get(`/acme/py/files/${wheel(at).sha256}/${wheel(at).filename}`),
      ]),
      await measure('Maven: deploy of POM and jar, sums and metadata', times, (at) => deploy(house, at)),
      await measure('Maven: jar, first on this node', times, async (at) => [await get(`/acme/jars/${jar(at)}`)]),
      await measure('Maven: metadata, first since its change', times, async (at) => [
        await get(`/acme/jars/${place(at)}/maven-metadata.xml`),
      ]),
    ]
    return operations
  } finally {
    await counted.house.close()
  }
}

/** Calls of one house that nobody asks anything, in a second: its chores. */
export async function countIdle(seconds: number): Promise<Calls> {
  const counted = await CountedHouse.open(true)
  try {
    // What is done once, at the start; then its chores come to rest.
    await new Promise((resolve) => setTimeout(resolve, quietBefore + 25_000))
    Object.assign(counted.calls, noCalls())
    await new Promise((resolve) => setTimeout(resolve, seconds * 1_000))
    return divided(counted.calls, seconds)
  } finally {
    await counted.house.close()
  }
}

class CountedHouse {
  private constructor(
    readonly house: House,
    readonly calls: Calls,
    readonly clock: FixedClock,
    private readonly rows: MemoryMetadataStore,
  ) {}

  /** Alive: on the real clock, with its chores. Else nothing passes but what is said. */
  static async open(alive = false): Promise<CountedHouse> {
    const clock = new FixedClock()
    const calls = noCalls()
    const rows = new MemoryMetadataStore()
    const parts = async () => ({ metadata: new CountedMetadata(rows, calls), blobs: new CountedBlobs(calls) })
    const time = alive ? {} : { clock }
    const house = await openHouse({ plugins: [raw, npm, pypi, maven], repositories, idle: !alive, parts, ...time })
    return new CountedHouse(house, calls, clock, rows)
  }

  /** Throws where an answer is none of success. */
  readonly measure = async (name: string, times: number, act: (at: number) => Promise<readonly Answer[]>): Promise<Operation> => {
    let requests = 0
    const done = async (at: number) => {
      for (const { status, headers } of await act(at)) {
        requests++
        if (status >= 400) throw new Error(`${name}: answered ${status} ${JSON.stringify(headers)}`)
      }
    }
    await done(0)
    requests = 0
    const before = await this.size()
    Object.assign(this.calls, noCalls())
    for (let at = 1; at <= times; at++) await done(at)
    const calls = divided(this.calls, times)
    const after = await this.size()
    const grown = {
      rows: (after.rows - before.rows) / times,
      bytes: (after.bytes - before.bytes) / times,
      partitions: (after.partitions - before.partitions) / times,
    }
    return { name, ...calls, requests: requests / times, ...grown }
  }

  private async size(): Promise<{ readonly rows: number; readonly bytes: number; readonly partitions: number }> {
    let [rows, bytes] = [0, 0]
    const partitions = new Set<string>()
    for await (const { entry } of this.rows.scan()) {
      rows++
      partitions.add(entry.key.partition)
      bytes += itemBytes(entry)
    }
    return { rows, bytes, partitions: partitions.size }
  }
}

function divided(calls: Calls, by: number): Calls {
  return Object.fromEntries(Object.entries(calls).map(([name, value]) => [name, value / by])) as unknown as Calls
}

const coordinates = (at: number) => ({ group: 'com.acme', artifact: `app-${at}`, version: '1.0' })
const place = (at: number) => `com/acme/app-${at}`
const jar = (at: number) => `${place(at)}/1.0/app-${at}-1.0.jar`

/** As Maven 3 does: each file with its sums, then the metadata that it made itself. */
async function deploy(house: House, at: number): Promise<readonly Answer[]> {
  const deployment = new MavenDeployment(house, '/acme/jars')
  const metadata = `<metadata><groupId>com.acme</groupId><artifactId>app-${at}</artifactId><versioning><release>1.0</release><versions><version>1.0</version></versions></versioning></metadata>`
  const files = [
    [jar(at), `jar of ${at}`],
    [`${place(at)}/1.0/app-${at}-1.0.pom`, pomOf(coordinates(at))],
    [`${place(at)}/maven-metadata.xml`, metadata],
  ] as const
  const answers: Answer[] = []
  for (const [path, body] of files) {
    answers.push(await deployment.put(path, body))
    for (const sum of ['sha1', 'md5']) answers.push(await deployment.put(`${path}.${sum}`, hexOf(sum, body)))
  }
  return answers
}
