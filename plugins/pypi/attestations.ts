import { X509Certificate } from 'node:crypto'
import { invalid, jsonBudget, parseStrictJson, RegistryError, z } from '#core'
import { type DistributionFile, longestFilename, parseFilename, provenanceSuffix, uniqueKey } from './distribution-file.js'

/** What an upload may bring: one of each predicate, and this much text. */
export const attestationLimits = { bytes: 512 * 1024, count: 2 } as const

const base64 = z.string().regex(/^[A-Za-z0-9+/]+={0,2}$/)
const attestationShape = z.strictObject({
  version: z.literal(1),
  verification_material: z.strictObject({
    certificate: base64,
    transparency_entries: z.array(z.record(z.string(), z.json())).min(1).max(16),
  }),
  envelope: z.strictObject({ statement: base64, signature: base64 }),
})
const statementShape = z.looseObject({
  _type: z.literal('https://in-toto.io/Statement/v1'),
  subject: z.tuple([z.looseObject({ name: z.string(), digest: z.looseObject({ sha256: z.string() }) })]),
  predicateType: z.string(),
})

/** An attestation as PEP 740 defines it, in the shape in which it came. */
export type Attestation = z.output<typeof attestationShape>

/** The form's field: a JSON array. Undefined where it is absent or empty. Throws `invalid` unless each attestation is well formed and speaks of exactly
 *  this file. No signature and no chain of certificates is verified: what is kept is what the uploader said. */
export function checkAttestations(
  text: string | undefined,
  file: DistributionFile,
  sha256: string,
): readonly Attestation[] | undefined {
  if (text === undefined) return undefined
  const attestations = shaped(z.array(attestationShape), parsed(Buffer.from(text)), 'it is no list of attestations')
  if (attestations.length > attestationLimits.count) throw refused(`at most ${attestationLimits.count} are taken`)
  if (file.filename.length + provenanceSuffix.length > longestFilename) throw refused('the file name is too long')
  const predicates = attestations.map((attestation) => checkAttestation(attestation, file, sha256))
  if (new Set(predicates).size !== predicates.length) throw refused('two of them have one predicate type')
  return attestations.length === 0 ? undefined : attestations
}

/** Answers the predicate type. */
function checkAttestation({ verification_material, envelope }: Attestation, file: DistributionFile, sha256: string): string {
  checkCertificate(Buffer.from(verification_material.certificate, 'base64'))
  const content = parsed(Buffer.from(envelope.statement, 'base64'))
  const { subject, predicateType } = shaped(statementShape, content, 'its statement is no in-toto statement of one subject')
  const [{ name, digest }] = subject
  const named = parseFilename(name)
  if (named === undefined || named.project !== file.project || uniqueKey(named).join() !== uniqueKey(file).join())
    throw refused(`the statement is about '${name.slice(0, 255)}'`)
  if (digest.sha256 !== sha256) throw refused('the statement is about other bytes')
  if (!isKnownPredicate(predicateType)) throw refused(`unknown predicate type '${predicateType.slice(0, 255)}'`)
  return predicateType
}

/** The predicate of publishing lies on the host of the index that defined it; the other is SLSA's. */
function isKnownPredicate(predicateType: string): boolean {
  if (predicateType === 'https://slsa.dev/provenance/v1') return true
  return URL.canParse(predicateType) && /^https:\/\/[^/]+\/attestations\/publish\/v1$/.test(predicateType)
}

function checkCertificate(der: Buffer): void {
  try {
    new X509Certificate(der)
  } catch {
    throw refused('its certificate is none')
  }
}

function parsed(bytes: Uint8Array): unknown {
  try {
    return parseStrictJson(bytes, jsonBudget)
  } catch (failure) {
    if (!(failure instanceof RegistryError)) throw failure
    throw refused(failure.message, failure)
  }
}

function shaped<Shape extends z.ZodType>(shape: Shape, value: unknown, otherwise: string): z.output<Shape> {
  const { success, data, error } = shape.safeParse(value)
  if (!success) throw refused(otherwise, error)
  return data
}

function refused(why: string, cause?: unknown): RegistryError {
  return invalid(`Invalid attestations supplied during upload: ${why}.`, { detail: { code: 'attestations' }, cause })
}
