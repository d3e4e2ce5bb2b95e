import { type Digests, digestLength, invalid } from '#core'
import { type ChecksumAlgorithm, checksumAlgorithms } from './layout.js'

const names: Readonly<Record<string, ChecksumAlgorithm>> = {
  md5: 'md5',
  sha: 'sha1',
  'sha-1': 'sha1',
  sha1: 'sha1',
  'sha-256': 'sha256',
  sha256: 'sha256',
  'sha-512': 'sha512',
  sha512: 'sha512',
}

/** What a PUT's own headers promise of its body: X-Checksum-*, Content-MD5, Digest, Content-Digest, Repr-Digest. Unknown algorithms are passed over;
 *  a malformed value, and two that contradict each other, are `invalid`. */
export function requestDigests(header: (name: string) => string | undefined): Partial<Digests> {
  const found: Partial<Record<ChecksumAlgorithm, string>> = {}
  const take = (algorithm: ChecksumAlgorithm, hex: string | undefined, from: string) => {
    if (hex === undefined || hex.length !== digestLength[algorithm])
      throw invalid(`The header ${from} does not hold a ${algorithm}`, { detail: { title: 'Malformed checksum header' } })
    if (found[algorithm] !== undefined && found[algorithm] !== hex)
      throw invalid(`The request's headers name two different values of ${algorithm}`, {
        detail: { title: 'Contradicting checksum headers' },
      })
    found[algorithm] = hex
  }
  for (const algorithm of checksumAlgorithms) {
    const value = header(`x-checksum-${algorithm}`)
    if (value !== undefined)
      take(algorithm, /^[0-9a-f]+$/i.test(value.trim()) ? value.trim().toLowerCase() : undefined, `X-Checksum-${algorithm}`)
  }
  const contentMd5 = header('content-md5')
  if (contentMd5 !== undefined) take('md5', base64ToHex(contentMd5.trim()), 'Content-MD5')
  for (const from of ['digest', 'content-digest', 'repr-digest'])
    for (const member of header(from)?.split(',') ?? []) {
      const cut = member.indexOf('=')
      const name = member.slice(0, Math.max(cut, 0)).trim().toLowerCase()
      const algorithm = Object.hasOwn(names, name) ? names[name] : undefined
      if (algorithm === undefined) continue
      const value = member.slice(cut + 1).trim()
      take(algorithm, base64ToHex(from === 'digest' ? value : (/^:([^:]*):$/.exec(value)?.[1] ?? '?')), from)
    }
  return found
}

function base64ToHex(text: string): string | undefined {
  return /^[A-Za-z0-9+/]+={0,2}$/.test(text) ? Buffer.from(text, 'base64').toString('hex') : undefined
}
