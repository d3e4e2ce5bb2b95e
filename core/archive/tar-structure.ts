import { Readable } from 'node:stream'
import type { Bytes } from '../storage/bytes.js'
import { ByteCursor } from './byte-cursor.js'
import { readGzipMember } from './gzip-member.js'
import { memberNameFault } from './member-name.js'
import { malformedTar, readLongName, readPaxRecords, readTarHeader, type TarHeader, tarBlock } from './tar-header.js'

/** What an archive may cost. `headers`: bytes of PAX and long-name records before one member; `entry`: of a member that is read whole; `ratio` counts
 *  beyond `ratioFloor` bytes. */
export interface TarGzLimits {
  readonly entries: number
  readonly unpacked: number
  readonly headers: number
  readonly entry: number
  readonly ratio: number
  readonly ratioFloor: number
}
/** Security guide 3.6. */
export const tarGzLimits: TarGzLimits = {
  entries: 100_000,
  unpacked: 4 * 1024 ** 3,
  headers: 1024 ** 2,
  entry: 1024 ** 2,
  ratio: 200,
  ratioFloor: 10 * 1024 ** 2,
}

export interface TarMember {
  /** Without a leading './' and without the slash of a folder; '' for the folder './' itself. */
  readonly name: string
  /** As the archive spells it. */
  readonly written: string
  readonly kind: 'file' | 'folder' | 'link'
  readonly size: number
}
/** A member while it is being visited; its content can be taken once. */
export interface TarEntry extends TarMember {
  /** Throws `invalid` above `limits.entry`. */
  read(): Promise<Buffer>
  /** Whatever its size; has to be read to its end. */
  open(): Readable
}

/** Reads a .tar.gz from its first byte to its last, strictly (PyPI dossier 10): one gzip member, no trailing data, no devices, no sparse files, no
 *  name and no link that leaves the archive, and nothing that two readers would read differently. Members in file order; `visit` returns false to stop
 *  there. Throws `invalid`, and what `visit` or the source throw; nothing is unpacked to disk or kept. */
export async function walkTarGz(
  content: Bytes,
  visit: (entry: TarEntry) => unknown,
  limits: Partial<TarGzLimits> = {},
): Promise<void> {
  const budget = { ...tarGzLimits, ...limits }
  const enough = Symbol('enough')
  try {
    await readGzipMember(content, async (plain) => {
      const cursor = new ByteCursor(metered(plain, content.size, budget))
      if (!(await walkMembers(cursor, visit, budget))) throw enough
      while (!(await cursor.atEnd())) await expectZeros(cursor)
    })
  } catch (thrown) {
    if (thrown !== enough) throw thrown
  }
}

async function* metered(plain: AsyncIterable<Buffer>, packed: number, { unpacked, ratio, ratioFloor }: TarGzLimits) {
  let size = 0
  for await (const piece of plain) {
    size += piece.length
    if (size > unpacked) throw malformedTar('unpacked', `Unpacks to more than ${unpacked} bytes`)
    if (size > ratioFloor && size > ratio * packed) throw malformedTar('ratio', `Compression ratio exceeds ${ratio}`)
    yield piece
  }
}

/** What PAX and GNU headers say of the member that follows. */
interface Overrides {
  readonly path?: string
  readonly linkPath?: string
  readonly size?: string
}

/** False where the visitor had enough. */
async function walkMembers(cursor: ByteCursor, visit: (entry: TarEntry) => unknown, limits: TarGzLimits): Promise<boolean> {
  let overrides: Overrides = {}
  let headerBytes = 0
  let entries = 0
  while (true) {
    const header = readTarHeader(await cursor.take(tarBlock))
    if (!header) return true
    if ('xgLK'.includes(header.type)) {
      headerBytes += header.size
      if (headerBytes > limits.headers)
        throw malformedTar('headers', `More than ${limits.headers} bytes of headers for one member`)
      const data = await cursor.take(header.size)
      await skipPadding(cursor, header.size)
      overrides = joined(overrides, readOverrides(header.type, data))
      continue
    }
    entries += 1
    if (entries > limits.entries) throw malformedTar('entries', `More than ${limits.entries} members`)
    const member = readMember(header, overrides)
    const end = cursor.position + member.size
    if ((await visit(entryOf(member, cursor, limits))) === false) return false
    for await (const _ of cursor.pieces(end - cursor.position));
    await skipPadding(cursor, member.size)
    overrides = {}
    headerBytes = 0
  }
}

function entryOf(member: TarMember, cursor: ByteCursor, { entry: limit }: TarGzLimits): TarEntry {
  return {
    ...member,
    async read() {
      if (member.size > limit)
        throw malformedTar('entry', `${JSON.stringify(member.written)} in the archive is larger than ${limit} bytes`)
      return cursor.take(member.size)
    },
    open: () => Readable.from(cursor.pieces(member.size), { objectMode: false }),
  }
}

/** Of two names for one member some readers take the first, others the last. */
function joined(before: Overrides, more: Overrides): Overrides {
  for (const key of Object.keys(more))
    if (Object.hasOwn(before, key)) throw malformedTar('name', `Two headers say the ${key} of one member`)
  return { ...before, ...more }
}

function readOverrides(type: string, data: Buffer): Overrides {
  if (type === 'L') return { path: readLongName(data) }
  if (type === 'K') return { linkPath: readLongName(data) }
  const records = readPaxRecords(data)
  const path = records.get('path')
  const linkPath = records.get('linkpath')
  const size = records.get('size')
  for (const key of records.keys()) if (key.startsWith('GNU.sparse')) throw malformedTar('sparse', 'Sparse member')
  if (type === 'g' && (path !== undefined || linkPath !== undefined || size !== undefined)) {
    throw malformedTar('pax', 'Global PAX header names a member')
  }
  return {
    ...(path === undefined ? {} : { path }),
    ...(linkPath === undefined ? {} : { linkPath }),
    ...(size === undefined ? {} : { size }),
  }
}

const kinds: Readonly<Record<string, TarMember['kind']>> = { '0': 'file', '1': 'link', '2': 'link', '5': 'folder' }

function readMember(header: TarHeader, overrides: Overrides): TarMember {
  const written = overrides.path ?? header.name
  const kind = kindOf(header, written)
  if (!kind) throw malformedTar('type', `Member is no file, folder or link: ${written}`)
  // readers differ over which of two sizes counts, so there may be one alone
  if (overrides.size !== undefined && overrides.size !== String(header.size))
    throw malformedTar('size', `Two sizes for one member: ${written}`)
  if (kind === 'link' && header.size > 0) throw malformedTar('size', `Link with a size: ${written}`)
  const name = withoutSlashes(written.replace(/^(?:\.\/)+/, ''))
  const fault = name === '' && kind === 'folder' ? undefined : memberNameFault(name === '.' ? '' : name)
  if (name !== '.' && fault) throw malformedTar('name', fault)
  if (kind === 'link') checkLink(name, header.type, overrides.linkPath ?? header.linkName)
  return { name: name === '.' ? '' : name, written, kind, size: kind === 'file' ? header.size : 0 }
}

/** Before POSIX a folder was a file whose name ended in a slash, and to some readers still is: such a file has no content. */
function kindOf({ type, name, size }: TarHeader, written: string): TarMember['kind'] | undefined {
  if (type !== '0' || !(name.endsWith('/') || written.endsWith('/'))) return kinds[type]
  if (size > 0) throw malformedTar('type', `File whose name ends in a slash: ${written}`)
  return 'folder'
}

/** At its end. An expression would look for them from every slash of a name that may be a megabyte long. */
function withoutSlashes(name: string): string {
  let end = name.length
  while (name[end - 1] === '/') end -= 1
  return name.slice(0, end)
}

/** A hard link counts from the archive's root, a symbolic one from where it stands. Both must end below the member's own first folder. */
function checkLink(name: string, type: string, target: string): void {
  const path = name.split('/').slice(0, -1)
  const root = path[0]
  const resolved = type === '1' ? [] : path
  for (const segment of target.split('/')) {
    if (segment === '..') {
      if (resolved.pop() === undefined) throw leaving(name)
    } else if (segment !== '' && segment !== '.') resolved.push(segment)
  }
  if (target.startsWith('/') || /[\\\x00]|^[A-Za-z]:/.test(target) || (root !== undefined && resolved[0] !== root))
    throw leaving(name)
}

function leaving(name: string) {
  return malformedTar('link', `Link leaves the archive: ${name}`)
}

async function skipPadding(cursor: ByteCursor, size: number): Promise<void> {
  const padding = (tarBlock - (size % tarBlock)) % tarBlock
  if (padding > 0) await cursor.take(padding)
}

async function expectZeros(cursor: ByteCursor): Promise<void> {
  const rest = await cursor.takeSome()
  if (rest.some((byte) => byte !== 0)) throw malformedTar('trailing', 'Trailing data')
}
