import { X509Certificate } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { CertificateAuthority } from './certificates.js'
import type { BuiltFile } from './wheel-builder.js'

export const publishPredicate = 'https://index.example.com/attestations/publish/v1'
export const buildPredicate = 'https://slsa.dev/provenance/v1'

export interface AttestationOptions {
  readonly predicateType?: string
  /** Parts of the statement instead of the right ones. */
  readonly statement?: Readonly<Record<string, unknown>>
  /** Parts of the attestation instead of the right ones. */
  readonly attestation?: Readonly<Record<string, unknown>>
}

/** What a tool of PEP 740 sends for a file, with a certificate that nobody trusts and a signature that is none. */
export function attestationOf(file: Pick<BuiltFile, 'filename' | 'sha256'>, options: AttestationOptions = {}): object {
  const statement = {
    _type: 'https://in-toto.io/Statement/v1',
    subject: [{ name: file.filename, digest: { sha256: file.sha256 } }],
    predicateType: options.predicateType ?? publishPredicate,
    predicate: null,
    ...options.statement,
  }
  return {
    version: 1,
    verification_material: {
      certificate: certificate(),
      transparency_entries: [{ logIndex: '1', inclusionProof: { hashes: [] } }],
    },
    envelope: { statement: base64(JSON.stringify(statement)), signature: base64('signature') },
    ...options.attestation,
  }
}

export const base64 = (text: string) => Buffer.from(text).toString('base64')

let made: string | undefined
/** DER in base64; one for all. */
export function certificate(): string {
  if (made !== undefined) return made
  const folder = mkdtempSync(join(tmpdir(), 'attestation-'))
  try {
    made = new X509Certificate(readFileSync(new CertificateAuthority(folder).file)).raw.toString('base64')
    return made
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}
