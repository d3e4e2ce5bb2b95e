import {
  type Artifact,
  type ArtifactReader,
  type DigestName,
  type Digests,
  digestLength,
  type Headers,
  invalid,
  type ProtocolRequest,
  requireDigests,
} from '#core'

type Read = (name: string) => string | undefined
type Found = { -readonly [Name in DigestName]?: string }

/** Names of RFC 9530 (structured fields, lower case) and of RFC 3230 (any case). */
const structuredNames: Readonly<Record<string, DigestName>> = { 'sha-256': 'sha256', 'sha-512': 'sha512' }
const instanceNames: Readonly<Record<string, DigestName>> = { 'sha-256': 'sha256', 'sha-512': 'sha512', sha: 'sha1', md5: 'md5' }
const hexHeaders: Readonly<Record<string, DigestName>> = {
  'x-checksum-md5': 'md5',
  'x-checksum-sha1': 'sha1',
  'x-checksum-sha256': 'sha256',
  'x-checksum-sha512': 'sha512',
}
const byHexLength: Readonly<Record<number, DigestName>> = { 32: 'md5', 40: 'sha1', 64: 'sha256', 128: 'sha512' }

/** Every digest that the request promises of its body (raw dossier 7). Algorithms nobody knows are ignored; a known one that is malformed, or two
 *  that contradict each other, throw `invalid`. */
export function promisedDigests(read: Read): Partial<Digests> {
  const found: Found = {}
  for (const header of ['repr-digest', 'content-digest']) {
    for (const [name, value] of members(read(header))) {
      const algorithm = structuredNames[name]
      if (algorithm === undefined) continue
      const base64 = /^:([A-Za-z0-9+/]*={0,2}):(?:;.*)?$/.exec(value)?.[1]
      if (base64 === undefined) throw malformed(header)
      add(found, algorithm, hexOf(base64, algorithm, header), header)
    }
  }
  for (const [name, value] of members(read('digest'))) {
    const algorithm = instanceNames[name.toLowerCase()]
    if (algorithm !== undefined) add(found, algorithm, hexOf(value, algorithm, 'digest'), 'digest')
  }
  const contentMd5 = read('content-md5')
  if (contentMd5 !== undefined) add(found, 'md5', hexOf(contentMd5.trim(), 'md5', 'content-md5'), 'content-md5')
  for (const [header, algorithm] of Object.entries(hexHeaders)) {
    const value = read(header)
    if (value !== undefined) add(found, algorithm, plainHex(value, digestLength[algorithm], header), header)
  }
  const unnamed = read('x-checksum')?.trim()
  if (unnamed !== undefined) {
    const algorithm = byHexLength[unnamed.length]
    if (algorithm === undefined) throw malformed('x-checksum')
    add(found, algorithm, plainHex(unnamed, unnamed.length, 'x-checksum'), 'x-checksum')
  }
  return found
}

/** Which digests a header may turn out to name, beside sha256. */
const digestHeaders: Readonly<Record<string, readonly DigestName[]>> = {
  'repr-digest': ['sha512'],
  'content-digest': ['sha512'],
  digest: ['sha512', 'sha1', 'md5'],
  'content-md5': ['md5'],
  'x-checksum-md5': ['md5'],
  'x-checksum-sha1': ['sha1'],
  'x-checksum-sha256': [],
  'x-checksum-sha512': ['sha512'],
  'x-checksum': ['sha512', 'sha1', 'md5'],
}

/** Digests that come behind the body, where `Trailer` announced them: what to compute meanwhile, and how to hold it against them. One that was lost on
 *  the way, as RFC 9110 6.5.1 allows, promises nothing. */
export function announcedTrailers(request: Pick<ProtocolRequest, 'header' | 'trailer'>): {
  readonly digests: readonly DigestName[]
  hold(digests: Digests): void
} {
  const names = (request.header('trailer') ?? '').split(',').map((name) => name.trim().toLowerCase())
  const announced = new Set(names.filter((name) => Object.hasOwn(digestHeaders, name)))
  return {
    digests: [...announced].flatMap((name) => digestHeaders[name] ?? []),
    hold(digests) {
      const promised = promisedDigests((name) => (announced.has(name) ? request.trailer(name) : undefined))
      requireDigests(promised, digests)
    },
  }
}

/** What is known of a file, as answers carry it; always of the whole file, also beside a part of it. */
export function knownDigests(digests: Digests): Headers {
  return {
    'repr-digest': `sha-256=:${base64Of(digests.sha256)}:`,
    'x-checksum-sha256': digests.sha256,
    ...(digests.sha1 === undefined ? {} : { 'x-checksum-sha1': digests.sha1 }),
    ...(digests.md5 === undefined ? {} : { 'x-checksum-md5': digests.md5 }),
    ...(digests.sha512 === undefined ? {} : { 'x-checksum-sha512': digests.sha512 }),
  }
}

/** `knownDigests`, with the algorithms that the client asks for. aria2 asks for the obsolete `Digest` and verifies it. */
export async function wantedDigests(read: Read, artifact: Artifact, artifacts: ArtifactReader): Promise<Headers> {
  const headers: Record<string, string> = { ...knownDigests(artifact.digests) }
  const digest = async (name: DigestName) => base64Of(artifact.digests[name] ?? (await artifacts.digest(artifact.path, name)))

  const wantedRepr = read('want-repr-digest') ?? read('want-content-digest')
  if (wantedRepr !== undefined) {
    const name = heaviest(members(wantedRepr), structuredNames, (value) => Number.parseInt(value, 10))
    if (name !== undefined) headers['repr-digest'] = `${name}=:${await digest(structuredNames[name] ?? 'sha256')}:`
  }
  const wantedInstance = read('want-digest')
  if (wantedInstance !== undefined) {
    const name = heaviest(weights(wantedInstance), instanceNames, Number.parseFloat)
    if (name !== undefined) headers['digest'] = `${name.toUpperCase()}=${await digest(instanceNames[name] ?? 'sha256')}`
  }
  return headers
}

/** 'a=1, b=2' as pairs; neither syntax has commas inside its values. */
function members(header: string | undefined): [string, string][] {
  if (header === undefined) return []
  return header
    .split(',')
    .map((member) => member.trim())
    .filter((member) => member !== '')
    .map((member) => {
      const cut = member.indexOf('=')
      return cut < 0 ? [member, ''] : [member.slice(0, cut).trim(), member.slice(cut + 1).trim()]
    })
}
/** 'SHA-512;q=1, SHA;q=0.1' as pairs; without a weight it is 1. */
function weights(header: string): [string, string][] {
  return header.split(',').map((member) => {
    const [name = '', ...parameters] = member.split(';').map((part) => part.trim())
    const q = parameters.find((parameter) => /^q=/i.test(parameter))
    return [name.toLowerCase(), q?.slice(2) ?? '1']
  })
}

/** The known name with the greatest weight above 0; sha-256, which costs nothing, where weights are equal. */
function heaviest(
  wanted: readonly [string, string][],
  known: Readonly<Record<string, DigestName>>,
  weigh: (value: string) => number,
): string | undefined {
  let best: { name: string; weight: number } | undefined
  for (const [name, value] of wanted) {
    const weight = weigh(value)
    if (!Object.hasOwn(known, name) || !(weight > 0)) continue
    if (best === undefined || weight > best.weight || (weight === best.weight && name === 'sha-256')) best = { name, weight }
  }
  return best?.name
}

function add(found: Found, algorithm: DigestName, hex: string, header: string): void {
  const before = found[algorithm]
  if (before !== undefined && before !== hex) throw invalid(`${header} contradicts another ${algorithm} of the same request`)
  found[algorithm] = hex
}
function hexOf(base64: string, algorithm: DigestName, header: string): string {
  const octets = Buffer.from(base64, 'base64')
  // Node's decoder skips what it does not know: only what comes back unchanged was base64.
  const exact = octets.toString('base64').replace(/=+$/, '') === base64.replace(/=+$/, '')
  if (!exact || octets.length * 2 !== digestLength[algorithm]) throw malformed(header)
  return octets.toString('hex')
}
function plainHex(value: string, length: number, header: string): string {
  const hex = value.trim().toLowerCase()
  if (hex.length !== length || !/^[0-9a-f]+$/.test(hex)) throw malformed(header)
  return hex
}
function base64Of(hex: string): string {
  return Buffer.from(hex, 'hex').toString('base64')
}
function malformed(header: string) {
  return invalid(`${header} is malformed`, { detail: { header } })
}
