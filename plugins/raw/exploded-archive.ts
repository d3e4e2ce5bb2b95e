import { Readable } from 'node:stream'
import {
  canonicalName,
  conflict,
  eachZipEntry,
  invalid,
  json,
  memberNameFault,
  type ProtocolRequest,
  RegistryError,
  type Reply,
  type RepositoryContext,
  type StagedBlob,
  walkTarGz,
} from '#core'
import { announcedTrailers, promisedDigests } from './digest-headers.js'
import { foldersAbove } from './file-path.js'
import { isFolder } from './folders.js'
import { flag } from './listing-query.js'
import { refuseUnportable } from './portable-names.js'
import { holdSidecar, sidecarDigests } from './sidecar.js'
import { conditionsOf } from './upload-target.js'

const limits = { entries: 100_000, ratio: 100 }
/** Bytes of a member that is held in memory while it becomes durable, and how many are at once. */
const small = 512 * 1024
const sideBySide = 32

/** A zip or a .tar.gz that is to be unpacked where it is put. Both headers mean the same: all of it appears at once, or nothing.
 *  Throws `invalid` for what is neither true nor false: an archive that was to be unpacked would be stored as it is. */
export function isExplosion(request: Pick<ProtocolRequest, 'header'>): boolean {
  const says = (name: string) => flag(name, request.header(name.toLowerCase())?.trim().toLowerCase() ?? null)
  const [plain, atomic] = [says('X-Explode-Archive'), says('X-Explode-Archive-Atomic')]
  return plain || atomic
}

/** Every member becomes a file as if it had been put by itself, under the same rules and limits, in one change. */
export async function explode(folder: string, request: ProtocolRequest, context: RepositoryContext): Promise<Reply> {
  if (Object.keys(conditionsOf(request)).length > 0) throw invalid('A condition is of one file, and an archive has many')
  const promised = promisedDigests((name) => request.header(name))
  const trailers = announcedTrailers(request)
  const archive = await context.stage(request.body, promised, { digests: trailers.digests })
  trailers.hold(archive.digests)
  const files = await unpack(folder, archive, context)
  if (files.size === 0) throw invalid('The archive has no files')
  await refuseNeighbours([...files.keys()], context)
  for (const [path, blob] of files) await holdSidecar(path, blob, context, files)
  const change = context.change()
  for (const [path, blob] of files) change.putArtifact(path, blob, { replace: true })
  const { artifacts } = await change.commit()
  const outcomes = [...artifacts.values()]
  const count = (outcome: string) => outcomes.filter((one) => one === outcome).length
  return json(201, { files: files.size, created: count('created'), replaced: count('replaced'), same: count('same') })
}

async function unpack(folder: string, archive: StagedBlob, context: RepositoryContext): Promise<ReadonlyMap<string, StagedBlob>> {
  const names = new MemberNames(folder)
  const files = new Map<string, StagedBlob>()
  const digests = sidecarDigests(context.repository)
  const staging = new SideBySide((path: string, blob: StagedBlob) => files.set(path, blob))
  const take = async ({ name, kind, size, open }: Member) => {
    const path = names.take(name, kind)
    if (path === undefined) return
    refuseUnportable(path, context)
    const stage = (content: Readable) => context.stage(content, {}, { settled: true, digests })
    if (size > small) files.set(path, await stage(await open()))
    else {
      const content = await whole(await open())
      await staging.add(path, () => stage(Readable.from([content])))
    }
  }
  const head = await firstBytes(archive)
  try {
    if (head === '504b0304' || head === '504b0506') await eachZipEntry(archive, take, limits)
    else if (head.startsWith('1f8b')) await walkTarGz(archive, take, limits)
    else throw invalid('An archive to be unpacked is a zip or a gzipped tar')
    await staging.end()
  } catch (thrown) {
    // What the archive is made of is the request's own contradiction here, 400.
    if (thrown instanceof RegistryError && thrown.kind === 'unprocessable') throw invalid(thrown.message, { cause: thrown })
    throw thrown
  } finally {
    await staging.quiet()
  }
  return files
}

interface Member {
  readonly name: string
  readonly kind: string
  readonly size: number
  open(): Readable | Promise<Readable>
}

/** Small members become durable beside each other: each waits for the disk, and hardly anything else. */
class SideBySide {
  private readonly running = new Set<Promise<void>>()
  private failure: { readonly thrown: unknown } | undefined

  constructor(private readonly keep: (path: string, blob: StagedBlob) => void) {}

  /** Waits for a place; throws what made an earlier one fail. */
  async add(path: string, stage: () => Promise<StagedBlob>): Promise<void> {
    while (this.running.size >= sideBySide) await Promise.race(this.running)
    this.check()
    const one: Promise<void> = stage()
      .then(
        (blob) => this.keep(path, blob),
        (thrown: unknown) => {
          this.failure ??= { thrown }
        },
      )
      .finally(() => this.running.delete(one))
    this.running.add(one)
  }
  async end(): Promise<void> {
    await this.quiet()
    this.check()
  }
  async quiet(): Promise<void> {
    await Promise.all(this.running)
  }
  private check(): void {
    if (this.failure !== undefined) throw this.failure.thrown
  }
}

async function whole(content: Readable): Promise<Buffer> {
  const chunks: Buffer[] = []
  for await (const chunk of content) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks)
}

/** The names of an archive as paths; throws `invalid` for one that leaves it, that no address could name, or that meets another. */
class MemberNames {
  private readonly taken = new Map<string, string>()
  private readonly folders = new Set<string>()

  constructor(private readonly folder: string) {}

  /** Undefined for what is no file. */
  take(written: string, kind: string): string | undefined {
    const name = written.replace(/^(?:\.\/)+/, '')
    if (kind === 'folder' && (name === '' || name === '.')) return undefined
    const fault = memberNameFault(name)
    if (fault !== undefined) throw invalid(fault)
    if (kind !== 'file' && kind !== 'folder') throw invalid(`The archive has a member that is no file: ${name}`)
    const path = canonicalName(`${this.folder}/${name}`)
    if (kind === 'folder') return undefined
    if (name.endsWith('/')) throw invalid(`The name of a file does not end in a slash: ${name}`)
    const folded = fold(path)
    const other = this.taken.get(folded)
    if (other !== undefined)
      throw invalid(`Two members of the archive have one name, or names that differ by case alone: ${path}`)
    if (this.folders.has(folded)) throw invalid(`A member of the archive is a file and a folder: ${path}`)
    this.taken.set(folded, path)
    for (const above of foldersAbove(path)) {
      if (this.taken.has(fold(above))) throw invalid(`A member of the archive is a file and a folder: ${above}`)
      this.folders.add(fold(above))
    }
    return path
  }
}
function fold(path: string): string {
  return path.toLowerCase()
}

/** What stands there already may be a folder where the archive has a file, or the other way round. */
async function refuseNeighbours(paths: readonly string[], context: RepositoryContext): Promise<void> {
  for (const folder of new Set(paths.flatMap(foldersAbove)))
    if ((await context.artifacts.find(folder)) !== undefined) throw conflict(`${folder} is a file, nothing can lie below it`)
  for (const path of paths)
    if ((await context.artifacts.find(path)) === undefined && (await isFolder(path, context)))
      throw conflict(`${path} is a folder`)
}

async function firstBytes(archive: StagedBlob): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of await archive.open({ start: 0, end: Math.min(4, archive.size) })) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks).toString('hex')
}
