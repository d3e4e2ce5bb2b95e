import type { JsonObject, Signatures } from '#core'

/** What a registry signature is over: name, version and integrity, so that a file cannot be passed off as another (npm dossier 15). */
export function signedText(pkg: string, version: string, sha512: string): string {
  return `${pkg}@${version}:sha512-${Buffer.from(sha512, 'hex').toString('base64')}`
}

interface Signed {
  readonly version: string
  readonly sha512: string
  readonly dist: string
}
/** Versions that are signed together. */
const batch = 64

/** The same versions, each with a signature by a key that is listed: one that was stored before there were keys, or signed by one that was revoked,
 *  is signed now, since clients take a version without a signature beside others that have one for tampered with. */
export async function* withSignatures<Version extends Signed>(
  pkg: string,
  versions: AsyncIterable<Version> | Iterable<Version>,
  signatures: Signatures,
): AsyncGenerator<Version> {
  const listed = (await signatures.keys()).map(({ keyid }) => JSON.stringify({ keyid }).slice(1, -1))
  const isSigned = ({ dist }: Version) => listed.length === 0 || listed.some((key) => dist.includes(key))
  const waiting: Version[] = []
  for await (const each of versions) {
    if (waiting.length === 0 && isSigned(each)) yield each
    else if (waiting.push(each) === batch) yield* await signed(pkg, waiting.splice(0), isSigned, signatures)
  }
  yield* await signed(pkg, waiting, isSigned, signatures)
}

/** The same of one version. */
export async function withSignature<Version extends Signed>(
  pkg: string,
  version: Version,
  signatures: Signatures,
): Promise<Version> {
  for await (const signed of withSignatures(pkg, [version], signatures)) return signed
  return version
}

async function signed<Version extends Signed>(
  pkg: string,
  versions: readonly Version[],
  isSigned: (version: Version) => boolean,
  signatures: Signatures,
): Promise<readonly Version[]> {
  const missing = versions.filter((each) => !isSigned(each))
  if (missing.length === 0) return versions
  const made = await signatures.sign(missing.map(({ version, sha512 }) => signedText(pkg, version, sha512)))
  return versions.map((each) => {
    const signature = made[missing.indexOf(each)]
    if (signature === undefined) return each
    const dist = { ...(JSON.parse(each.dist) as JsonObject), signatures: [{ ...signature }] }
    return { ...each, dist: JSON.stringify(dist) }
  })
}
