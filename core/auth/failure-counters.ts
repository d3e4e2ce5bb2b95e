import { createHash } from 'node:crypto'
import { inject, injectable } from 'tsyringe'
import { z } from 'zod'
import { Clock } from '../runtime/clock.js'
import type { Json } from '../runtime/json.js'
import { type Entry, type Key, MetadataStore, type Mutation } from '../storage/metadata-store.js'
import { commitUnlessMoved } from '../storage/optimistic.js'

/** Failures that belong together, from the first to the last of them; forgotten at `until`. Times in milliseconds. */
const failuresRow = z.object({ v: z.literal(1), count: z.number(), from: z.number(), last: z.number(), until: z.number() })
export type Failures = z.infer<typeof failuresRow>

export interface Counter {
  readonly key: Key
  /** Until when they count, one more included. */
  readonly life: (before: Failures | undefined, now: number) => number
}

const attempts = 4

/** Failures as rows, shared by every process. */
@injectable()
export class FailureCounters {
  constructor(
    @inject(MetadataStore) private readonly store: MetadataStore,
    @inject(Clock) private readonly clock: Clock,
  ) {}

  async read(key: Key): Promise<Failures | undefined> {
    return current(await this.store.get(key), this.now())
  }

  /** One more at each of these, together with what `beside` makes of the new counts. Racing failures may have to look again; who loses four times was
   *  counted by the others often enough: false, and nothing was written. */
  async add(
    counters: readonly Counter[],
    beside: (counts: readonly number[]) => readonly Mutation[] = () => [],
  ): Promise<boolean> {
    for (let attempt = 1; attempt <= attempts; attempt += 1) {
      const now = this.now()
      const mutations: Mutation[] = []
      const counts: number[] = []
      for (const { key, life } of counters) {
        const entry = await this.store.get(key)
        const before = current(entry, now)
        const count = (before?.count ?? 0) + 1
        const value: Json = { v: 1, count, from: before?.from ?? now, last: now, until: life(before, now) }
        counts.push(count)
        mutations.push({ op: 'put', key, value, if: entry === undefined ? 'absent' : { revision: entry.revision } })
      }
      if (await commitUnlessMoved(this.store, [...mutations, ...beside(counts)])) return true
    }
    return false
  }

  /** Unless one more was counted since. */
  async forget(key: Key): Promise<void> {
    const entry = await this.store.get(key)
    if (entry !== undefined) await commitUnlessMoved(this.store, [{ op: 'delete', key, if: { revision: entry.revision } }])
  }

  private now(): number {
    return this.clock.now().getTime()
  }
}

/** Seconds to wait behind the last of so many failures: none for the first `free`, then 1, 2, 4, … 60. */
export function delayAfter(failures: number, free: number): number {
  return failures < free ? 0 : Math.min(60, 2 ** (failures - free))
}

/** Names of people and places stand in no key. */
export function counterHash(...parts: readonly string[]): string {
  return createHash('sha256').update(parts.join('\0')).digest('hex')
}

function current(entry: Entry | undefined, now: number): Failures | undefined {
  if (entry === undefined) return undefined
  const parsed = failuresRow.safeParse(entry.value)
  return parsed.success && now < parsed.data.until ? parsed.data : undefined
}
