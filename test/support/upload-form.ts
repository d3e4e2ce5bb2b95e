import { randomBytes } from 'node:crypto'
import type { BuiltFile } from './wheel-builder.js'

export type Part =
  | { readonly name: string; readonly value: string }
  | { readonly name: string; readonly filename: string; readonly content: Uint8Array; readonly type?: string }

/** A multipart body in the order of its parts, and the header that goes with it. */
export function multipart(parts: readonly Part[]): { readonly headers: Record<string, string>; readonly body: Buffer } {
  const boundary = randomBytes(12).toString('hex')
  const pieces = parts.flatMap((part) => {
    const head = `--${boundary}\r\nContent-Disposition: form-data; name="${part.name}"`
    if ('value' in part) return [Buffer.from(`${head}\r\n\r\n${part.value}\r\n`)]
    const type = part.type === undefined ? '' : `\r\nContent-Type: ${part.type}`
    return [Buffer.from(`${head}; filename="${part.filename}"${type}\r\n\r\n`), Buffer.from(part.content), Buffer.from('\r\n')]
  })
  return {
    headers: { 'content-type': `multipart/form-data; boundary=${boundary}` },
    body: Buffer.concat([...pieces, Buffer.from(`--${boundary}--\r\n`)]),
  }
}

/** The fields that clients send for a file; a field of `more` takes the place of the usual one, undefined leaves it out. */
export function uploadParts(
  file: BuiltFile,
  name: string,
  version: string,
  more: Readonly<Record<string, string | undefined>> = {},
): readonly Part[] {
  const wheel = file.filename.endsWith('.whl')
  const fields: Record<string, string | undefined> = {
    ':action': 'file_upload',
    protocol_version: '1',
    metadata_version: '2.1',
    name,
    version,
    filetype: wheel ? 'bdist_wheel' : 'sdist',
    pyversion: wheel ? 'py3' : 'source',
    sha256_digest: file.sha256,
    ...more,
  }
  const given = Object.entries(fields).filter((entry): entry is [string, string] => entry[1] !== undefined)
  return [
    ...given.map(([field, value]) => ({ name: field, value })),
    { name: 'content', filename: file.filename, content: file.content, type: 'application/octet-stream' },
  ]
}
