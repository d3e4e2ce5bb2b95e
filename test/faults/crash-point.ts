import type { FileHandle } from 'node:fs/promises'
import type { Writable } from 'node:stream'
import type { BlobKey, BlobWriter } from '../../core/storage/blob-store.js'
import { FsBlobStore } from '../../core/storage/drivers/fs-blob-store.js'
import type { MetadataStore, Mutation } from '../../core/storage/metadata-store.js'
import { WrappedStore } from './wrapped-store.js'

/** Points of an upload (security guide 1.3) at which a process can be made to die, in the order in which it passes them. */
export const points = [
  'F1 asked for room',
  'F2 before the intent',
  'F2 behind the intent',
  'F3 behind the opening of the part',
  'F4 behind the first write',
  'F5 at the end of the body',
  // What may refuse the content is asked before it is made durable.
  'F9 while the content is judged',
  'F6 before fsync',
  'F6 behind fsync',
  'F7 behind rename',
  'F8 behind fsync of the folder',
  'F10 before the commit',
  'F11 behind the commit, before the answer',
  'F12 behind the telling, before it is marked',
] as const
export type Point = (typeof points)[number]

/** Dies there once it is armed, as by kill -9: nothing more of this process is executed. */
export class CrashPoint {
  armed = false

  constructor(private readonly point: string) {}

  reach(point: Point): void {
    if (this.armed && point === this.point) process.kill(process.pid, 'SIGKILL')
  }
}

/** Files whose every step can be the last. */
export async function crashingBlobs(folder: string, crash: CrashPoint): Promise<FsBlobStore> {
  class Crashing extends FsBlobStore {
    override async headroom(size: number): Promise<boolean> {
      crash.reach('F1 asked for room')
      return super.headroom(size)
    }
    override async create(key: BlobKey): Promise<BlobWriter> {
      const writer = await super.create(key)
      crash.reach('F3 behind the opening of the part')
      watch(writer.sink, crash)
      return writer
    }
    protected override async syncFile(handle: FileHandle): Promise<void> {
      crash.reach('F6 before fsync')
      await super.syncFile(handle)
      crash.reach('F6 behind fsync')
    }
    protected override async rename(from: string, to: string): Promise<void> {
      await super.rename(from, to)
      crash.reach('F7 behind rename')
    }
    protected override async syncFolder(path: string): Promise<void> {
      await super.syncFolder(path)
      // Folders of the key are made durable on the way to F3; that of a finished blob holds no part any more.
      if (/\/[0-9a-f]{2}$/.test(path)) crash.reach('F8 behind fsync of the folder')
    }
  }
  return Crashing.open({ folder })
}

/** Chunks may come one by one or several at once. */
function watch(sink: Writable, crash: CrashPoint): void {
  type Done = (error?: Error | null) => void
  const written = (done: Done) => (error?: Error | null) => {
    crash.reach('F4 behind the first write')
    done(error)
  }
  const one = sink._write.bind(sink)
  const several = sink._writev?.bind(sink)
  sink._write = (chunk, encoding, done) => one(chunk, encoding, written(done))
  if (several) sink._writev = (chunks, done) => several(chunks, written(done))
  sink.once('finish', () => crash.reach('F5 at the end of the body'))
}

/** A metadata store whose commits can be the last thing that happens. */
export class CrashingStore extends WrappedStore {
  override readonly name = 'crashing'

  constructor(
    store: MetadataStore,
    private readonly crash: CrashPoint,
  ) {
    super(store)
  }

  override async commit(mutations: readonly Mutation[], token: string): Promise<void> {
    const [before, behind] = pointsOf(mutations)
    if (before) this.crash.reach(before)
    await this.store.commit(mutations, token)
    if (behind) this.crash.reach(behind)
  }
}

function pointsOf(mutations: readonly Mutation[]): readonly [Point?, Point?] {
  const writes = (op: Mutation['op'], kind: string) =>
    mutations.some((one) => one.op === op && one.key.partition.split('\0')[1] === kind)
  if (writes('put', 'l')) return ['F10 before the commit', 'F11 behind the commit, before the answer']
  if (writes('put', 'i')) return ['F2 before the intent', 'F2 behind the intent']
  if (writes('delete', 'out')) return ['F12 behind the telling, before it is marked']
  return []
}
