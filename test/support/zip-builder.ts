import { crc32, deflateRawSync } from 'node:zlib'

/** One member; what is not said is what an honest archiver writes. `local` and `central` are what each header claims otherwise. */
export interface ZipEntry {
  readonly name: string | Buffer
  readonly content?: string | Uint8Array
  readonly method?: 0 | 8
  readonly flags?: number
  readonly extra?: Buffer
  readonly comment?: string
  readonly mode?: number
  /** Stands in the archive instead of the compressed content. */
  readonly data?: Buffer
  readonly local?: Partial<Claims>
  readonly central?: Partial<Claims> & { readonly offset?: number }
}
interface Claims {
  readonly name: string
  readonly size: number
  readonly compressedSize: number
  readonly crc: number
  readonly method: number
}

export interface ZipShape {
  readonly prefix?: Buffer
  /** Between members and directory. */
  readonly gap?: Buffer
  readonly trailer?: Buffer
  readonly comment?: Buffer
  /** Claims of the end record. */
  readonly end?: { readonly entries?: number; readonly size?: number; readonly offset?: number }
  /** Entries that the directory leaves out. */
  readonly unlisted?: readonly string[]
  /** Writes a Zip64 end record and its locator before the end record. */
  readonly zip64?: { readonly locator?: false | number; readonly length?: number }
}

/** A zip archive, honest unless told otherwise: local headers, directory, end record. */
export function buildZip(entries: readonly ZipEntry[], shape: ZipShape = {}): Buffer {
  const pieces: Buffer[] = [shape.prefix ?? Buffer.alloc(0)]
  const directory: Buffer[] = []
  let offset = shape.prefix?.length ?? 0
  for (const entry of entries) {
    const member = localMember(entry)
    pieces.push(member)
    if (!shape.unlisted?.includes(String(entry.name))) directory.push(centralEntry(entry, offset))
    offset += member.length
  }
  pieces.push(shape.gap ?? Buffer.alloc(0))
  const start = offset + (shape.gap?.length ?? 0)
  const central = Buffer.concat(directory)
  pieces.push(central)
  if (shape.zip64) pieces.push(...zip64Records(start, central.length, directory.length, shape.zip64))
  const end = Buffer.alloc(22)
  end.writeUInt32LE(0x06054b50, 0)
  end.writeUInt16LE(shape.end?.entries ?? directory.length, 8)
  end.writeUInt16LE(shape.end?.entries ?? directory.length, 10)
  end.writeUInt32LE(shape.end?.size ?? central.length, 12)
  end.writeUInt32LE(shape.end?.offset ?? start, 16)
  end.writeUInt16LE(shape.comment?.length ?? 0, 20)
  return Buffer.concat([...pieces, end, shape.comment ?? Buffer.alloc(0), shape.trailer ?? Buffer.alloc(0)])
}

/** id, length, data of one extra field. */
export function extraField(id: number, data: Buffer): Buffer {
  const head = Buffer.alloc(4)
  head.writeUInt16LE(id, 0)
  head.writeUInt16LE(data.length, 2)
  return Buffer.concat([head, data])
}

function facts(entry: ZipEntry) {
  const content = Buffer.from(entry.content ?? '')
  const method = entry.method ?? 8
  const data = entry.data ?? (method === 0 ? content : deflateRawSync(content))
  const name = Buffer.from(entry.name)
  return {
    name,
    method,
    data,
    size: content.length,
    compressedSize: data.length,
    crc: crc32(content),
    flags: entry.flags ?? 0x0800,
  }
}

function localMember(entry: ZipEntry): Buffer {
  const honest = facts(entry)
  const claim = { ...honest, ...entry.local, name: Buffer.from(entry.local?.name ?? honest.name) }
  const extra = entry.extra ?? Buffer.alloc(0)
  const header = Buffer.alloc(30)
  header.writeUInt32LE(0x04034b50, 0)
  header.writeUInt16LE(20, 4)
  header.writeUInt16LE(honest.flags, 6)
  header.writeUInt16LE(claim.method, 8)
  header.writeUInt32LE(claim.crc, 14)
  header.writeUInt32LE(claim.compressedSize, 18)
  header.writeUInt32LE(claim.size, 22)
  header.writeUInt16LE(claim.name.length, 26)
  header.writeUInt16LE(extra.length, 28)
  return Buffer.concat([header, claim.name, extra, honest.data])
}

function centralEntry(entry: ZipEntry, offset: number): Buffer {
  const honest = facts(entry)
  const claim = { ...honest, offset, ...entry.central, name: Buffer.from(entry.central?.name ?? honest.name) }
  const comment = Buffer.from(entry.comment ?? '')
  const header = Buffer.alloc(46)
  header.writeUInt32LE(0x02014b50, 0)
  header.writeUInt16LE(0x0314, 4)
  header.writeUInt16LE(20, 6)
  header.writeUInt16LE(honest.flags, 8)
  header.writeUInt16LE(claim.method, 10)
  header.writeUInt32LE(claim.crc, 16)
  header.writeUInt32LE(claim.compressedSize, 20)
  header.writeUInt32LE(claim.size, 24)
  header.writeUInt16LE(claim.name.length, 28)
  header.writeUInt16LE(entry.extra?.length ?? 0, 30)
  header.writeUInt16LE(comment.length, 32)
  header.writeUInt32LE(((entry.mode ?? 0o100644) << 16) >>> 0, 38)
  header.writeUInt32LE(claim.offset, 42)
  return Buffer.concat([header, claim.name, entry.extra ?? Buffer.alloc(0), comment])
}

function zip64Records(
  start: number,
  size: number,
  entries: number,
  { locator, length }: NonNullable<ZipShape['zip64']>,
): readonly Buffer[] {
  const end = Buffer.alloc(56)
  end.writeUInt32LE(0x06064b50, 0)
  end.writeBigUInt64LE(BigInt(length ?? 44), 4)
  end.writeUInt16LE(45, 12)
  end.writeUInt16LE(45, 14)
  end.writeBigUInt64LE(BigInt(entries), 24)
  end.writeBigUInt64LE(BigInt(entries), 32)
  end.writeBigUInt64LE(BigInt(size), 40)
  end.writeBigUInt64LE(BigInt(start), 48)
  if (locator === false) return [end]
  const pointer = Buffer.alloc(20)
  pointer.writeUInt32LE(0x07064b50, 0)
  pointer.writeBigUInt64LE(BigInt(locator ?? start + size), 8)
  pointer.writeUInt32LE(1, 16)
  return [end, pointer]
}
