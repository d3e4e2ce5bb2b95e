import { gzipSync } from 'node:zlib'
import { type Header, pack } from 'tar-stream'

export interface TarMember {
  readonly name: string
  readonly content?: string | Uint8Array
  readonly type?: Header['type']
  readonly linkname?: string
  /** PAX records of the member's own. */
  readonly pax?: Readonly<Record<string, string>>
}

/** A tar of these members, in this order, with times that stand still. */
export async function packTar(members: readonly TarMember[]): Promise<Buffer> {
  const packing = pack()
  const chunks: Buffer[] = []
  const read = (async () => {
    for await (const chunk of packing) chunks.push(chunk as Buffer)
  })()
  for (const { content, ...header } of members) {
    await new Promise<void>((resolve, reject) => {
      const written = (failure?: Error | null) => (failure ? reject(failure) : resolve())
      const headers = { type: 'file' as const, mtime: new Date(0), ...header }
      if (content === undefined) packing.entry(headers, written)
      else packing.entry(headers, Buffer.from(content), written)
    })
  }
  packing.finalize()
  await read
  return Buffer.concat(chunks)
}

/** The same, gzipped. */
export async function tarball(members: readonly TarMember[]): Promise<Buffer> {
  return gzipSync(await packTar(members))
}
