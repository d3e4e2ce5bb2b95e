import { randomBytes } from 'node:crypto'
import { Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { pipeline } from 'node:stream/promises'
import { expect } from 'chai'
import { RegistryError } from '#core/driver'
import { randomHex } from '../../core/runtime/identifiers.js'
import { obtain } from '../clients/client-cache.js'
import { cloudServers } from '../support/servers.js'
import { CloudProxy, type Fault, type FaultPlan, faults } from './cloud-proxy.js'
import { type FaultyStores, longestRowCall, longestUpload, openFaultyStores } from './cloud-stores.js'

/** `npm test` has all faults together; with CLOUDREPO_FAULT_ROUNDS=3 each by itself as well, three times, and a table of what became of the calls. */
const asked = process.env['CLOUDREPO_FAULT_ROUNDS']
const rounds = Number(asked ?? 1)

/** How a call ended, and after how many milliseconds. Anything but a refusal of the house's own words fails the test. */
interface Ended {
  readonly kind: 'done' | RegistryError['kind']
  readonly after: number
}
async function ended(call: Promise<unknown>): Promise<Ended> {
  const began = performance.now()
  const kind = await call.then(
    () => 'done' as const,
    (thrown: unknown) => {
      if (thrown instanceof RegistryError) return thrown.kind
      throw thrown
    },
  )
  return { kind, after: performance.now() - began }
}

describe('S3 and DynamoDB behind a connection that hurts calls', () => {
  let endpoint: string
  let proxy: CloudProxy
  let stores: FaultyStores
  before(async function () {
    endpoint = (await obtain(this, 'S3 and DynamoDB', cloudServers)).endpoint
  })
  beforeEach(async () => {
    proxy = await CloudProxy.start(endpoint)
    stores = await openFaultyStores(endpoint, proxy.url)
  })
  afterEach(async () => {
    await stores.close()
    await proxy.stop()
  })

  const each: readonly [title: string, plan: Omit<FaultPlan, 'seed'>][] = [
    ...(asked === undefined
      ? []
      : faults.map((fault): [string, Omit<FaultPlan, 'seed'>] => [`${fault} at 30 %`, { percent: 30, faults: [fault] }])),
    ...[10, 30, 50].map((percent): [string, Omit<FaultPlan, 'seed'>] => [`every fault at ${percent} %`, { percent, faults }]),
  ]
  const table: string[][] = []
  after(() => {
    if (asked === undefined) return
    const head = [
      'plan',
      'calls',
      'hurt',
      'uploads done',
      'refused',
      'slowest',
      'commits done',
      'lost a race',
      'refused',
      'slowest',
    ]
    process.stdout.write(`\n${[head, ...table].map((row) => `| ${row.join(' | ')} |`).join('\n')}\n`)
  })
  for (const [at, [title, plan]] of each.entries()) {
    it(`keep what they acknowledged and nothing of what they refused: ${title}`, async function () {
      this.timeout(120_000 * rounds)
      const all: Ended[] = []
      const commits: Ended[] = []
      for (let round = 0; round < rounds; round += 1) {
        proxy.hurt({ ...plan, seed: 1_000 * round + at + 1 })
        // One after the other: what is slow because of bytes is no fault of the rows' service.
        const blobs = await uploads(round)
        const rows = await counting(round)
        proxy.hurt(undefined)
        await judgeUploads(blobs)
        await judgeCounts(rows)
        all.push(...blobs)
        commits.push(...rows.flatMap((counted) => counted.commits))
      }
      const hurt = proxy.calls - (proxy.done.get('none') ?? 0)
      table.push([title, `${proxy.calls}`, `${hurt}`, ...told(all, false), ...told(commits, true)])
      expect(proxy.done.get('none')).to.be.greaterThan(20)
      for (const fault of plan.faults as readonly Fault[])
        if (plan.faults.length === 1) expect(proxy.done.get(fault)).to.be.greaterThan(3)
    })
  }

  interface Upload extends Ended {
    readonly key: string
    readonly content: Buffer
    readonly read: { readonly ended: Ended; readonly content: Buffer | undefined } | undefined
  }
  /** Put, and read again through the same trouble. */
  async function uploads(round: number): Promise<readonly Upload[]> {
    const sizes = [0, 1, 5_000, 300_000, 2_000_000, 9_000_000]
    const lane = async (lane: number): Promise<readonly Upload[]> => {
      const done: Upload[] = []
      for (const [at, size] of sizes.entries())
        done.push(await upload(`org_a/b/${String(round).padStart(2, '0')}/u${lane}${at}`, size))
      return done
    }
    return (await Promise.all([0, 1, 2].map(lane))).flat()
  }
  async function upload(key: string, size: number): Promise<Upload> {
    const content = randomBytes(size)
    const writer = await stores.blobs.create(key)
    await pipeline(Readable.from([content]), writer.sink)
    const put = await ended(writer.finish())
    let found: Buffer | undefined
    const get = await ended(
      (async () => {
        found = await buffer(await stores.blobs.open(key))
      })(),
    )
    return { key, content, ...put, read: { ended: get, content: found } }
  }
  async function judgeUploads(found: readonly Upload[]): Promise<void> {
    for (const { key, content, kind, after, read } of found) {
      expect(after, key).to.be.lessThan(longestUpload(content.length))
      expect(kind, key).to.be.oneOf(['done', 'unavailable'])
      const stat = await stores.clean.blobs.stat(key)
      if (kind === 'done') {
        expect((await buffer(await stores.clean.blobs.open(key))).equals(content), key).to.equal(true)
        expect(read?.ended.kind, key).to.be.oneOf(['done', 'unavailable'])
      } else if (stat !== undefined) {
        // What could not be taken away either is whole, and nobody's: the sweeper finds it by its missing row.
        expect(stat.size, key).to.equal(content.length)
      }
      if (read?.ended.kind === 'done') expect(read.content?.equals(content), key).to.equal(true)
    }
  }

  interface Counted {
    readonly counter: string
    readonly commits: readonly Ended[]
  }
  /** Everybody raises a few counters by one, on the revision that was read. */
  async function counting(round: number): Promise<readonly Counted[]> {
    return Promise.all(
      Array.from({ length: 4 }, async (_, index): Promise<Counted> => {
        const counter = `c${round}-${index}`
        const key = { partition: `org_a\0counter`, path: [counter] }
        const commits = await Promise.all(
          Array.from({ length: 4 }, async () => {
            const all: Ended[] = []
            for (let step = 0; step < 5; step += 1)
              all.push(
                await ended(
                  (async () => {
                    const entry = await stores.rows.get(key)
                    const condition = entry === undefined ? 'absent' : { revision: entry.revision }
                    const note = { partition: `org_a\0notes ${counter}`, path: [randomHex()] }
                    await stores.rows.commit(
                      [
                        {
                          op: 'put',
                          key,
                          value: { n: ((entry?.value as { n: number } | undefined)?.n ?? 0) + 1 },
                          if: condition,
                        },
                        { op: 'put', key: note, value: {}, if: 'absent' },
                      ],
                      randomHex(),
                    )
                  })(),
                ),
              )
            return all
          }),
        )
        return { counter, commits: commits.flat() }
      }),
    )
  }
  async function judgeCounts(found: readonly Counted[]): Promise<void> {
    for (const { counter, commits } of found) {
      const entry = await stores.clean.rows.get({ partition: 'org_a\0counter', path: [counter] })
      const n = (entry?.value as { n: number } | undefined)?.n ?? 0
      let notes = 0
      for await (const _ of stores.clean.rows.range(`org_a\0notes ${counter}`, {})) notes += 1
      const done = commits.filter(({ kind }) => kind === 'done').length
      const unknown = commits.filter(({ kind }) => kind === 'unavailable').length
      // Each that was acknowledged counts, each that lost its race does not; one that was not answered may.
      expect(n, counter).to.be.within(done, done + unknown)
      expect(notes, counter).to.equal(n)
      for (const { kind, after } of commits) {
        expect(kind, counter).to.be.oneOf(['done', 'stale', 'conflict', 'unavailable'])
        expect(after, counter).to.be.lessThan(2 * longestRowCall)
      }
    }
  }
})

/** How many ended how, and the slowest in seconds. */
function told(calls: readonly Ended[], races: boolean): readonly string[] {
  const count = (...kinds: readonly string[]) => `${calls.filter(({ kind }) => kinds.includes(kind)).length}`
  const slowest = (Math.max(...calls.map(({ after }) => after)) / 1_000).toFixed(1)
  return [count('done'), ...(races ? [count('stale', 'conflict')] : []), count('unavailable'), slowest]
}
