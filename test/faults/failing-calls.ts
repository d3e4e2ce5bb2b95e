import fs from 'node:fs'
import { type FileHandle, open, rm } from 'node:fs/promises'
import { syncBuiltinESMExports } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { unavailable } from '../../core/errors/registry-error.js'
import { MemoryMetadataStore } from '../../core/storage/drivers/memory-metadata-store.js'
import type { Mutation } from '../../core/storage/metadata-store.js'

/** What the operating system, and a store of names, may refuse. */
export type Call = 'mkdir' | 'open' | 'write' | 'fsync' | 'rename' | 'commit'

/** Counts the writing calls of this process from `arm` on, and lets one of them fail, once. */
export class FailingCalls {
  private readonly undo: (() => void)[] = []
  private at = 0
  private count = 0
  private code = ''
  /** The one that failed. */
  struck: Call | undefined

  /** Node's own functions are exchanged, for every importer, until `restore`. */
  static async install(): Promise<FailingCalls> {
    const calls = new FailingCalls()
    const probe = join(tmpdir(), `cloudrepo-probe-${process.pid}`)
    const handle = await open(probe, 'w')
    const handles = Object.getPrototypeOf(handle) as FileHandle
    await handle.close()
    await rm(probe)
    calls.replaceCallback('write')
    calls.replaceCallback('writev')
    calls.replacePromise(fs.promises, 'mkdir', 'mkdir')
    calls.replacePromise(fs.promises, 'rename', 'rename')
    calls.replacePromise(
      fs.promises,
      'open',
      'open',
      (args) => typeof args[1] === 'number' && (args[1] & fs.constants.O_CREAT) !== 0,
    )
    calls.replacePromise(handles, 'sync', 'fsync')
    syncBuiltinESMExports()
    return calls
  }

  /** The n-th of the calls that follow fails with this code. */
  arm(n: number, code: 'EIO' | 'ENOSPC'): void {
    this.at = n
    this.count = 0
    this.code = code
    this.struck = undefined
  }
  disarm(): void {
    this.at = 0
  }

  restore(): void {
    for (const step of this.undo.reverse()) step()
    syncBuiltinESMExports()
  }

  /** The failure of this call, where it is its turn. */
  fault(call: Call): NodeJS.ErrnoException | undefined {
    if (this.at === 0 || ++this.count !== this.at) return undefined
    this.struck = call
    return Object.assign(new Error(`${this.code}: ${call}`), { code: this.code })
  }

  private replaceCallback(name: 'write' | 'writev'): void {
    const real = fs[name] as unknown as (...args: unknown[]) => void
    this.exchange(fs, name, (...args: unknown[]) => {
      const failure = this.fault('write')
      if (!failure) return real(...args)
      return setImmediate(args.at(-1) as (error: Error) => void, failure)
    })
  }

  private replacePromise(
    owner: object,
    name: string,
    call: Call,
    counts: (args: readonly unknown[]) => boolean = () => true,
  ): void {
    const real = (owner as Record<string, (...args: unknown[]) => Promise<unknown>>)[name]
    const { fault } = { fault: () => this.fault(call) }
    this.exchange(owner, name, async function (this: unknown, ...args: unknown[]) {
      const failure = counts(args) ? fault() : undefined
      if (failure) throw failure
      return real?.apply(this, args)
    })
  }

  private exchange(owner: object, name: string, value: unknown): void {
    const target = owner as Record<string, unknown>
    const before = target[name]
    target[name] = value
    this.undo.push(() => {
      target[name] = before
    })
  }
}

/** Each of its commits is a call that may fail, as a store does that can no longer write. */
export class CountedStore extends MemoryMetadataStore {
  constructor(private readonly calls: FailingCalls) {
    super()
  }

  override async commit(mutations: readonly Mutation[], token: string): Promise<void> {
    // What the house does besides, by the clock, is not of this upload.
    const own = mutations.some(({ key }) => /^[^.]/.test(key.partition))
    const failure = own ? this.calls.fault('commit') : undefined
    if (failure) throw unavailable('The store takes no writes', 30, { cause: failure })
    await super.commit(mutations, token)
  }
}
