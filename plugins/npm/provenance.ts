import { verify, X509Certificate } from 'node:crypto'
import { type Json, unprocessable } from '#core'
import { isObject, isText } from './manifest.js'
import type { AttestationDocument } from './package-documents.js'

/** Bytes of a bundle as JSON text within JSON: it has to fit a row. */
const bundleLimit = 200 * 1024
const statementType = 'application/vnd.in-toto+json'

/** Takes apart what a publisher says of where the file comes from: a Sigstore bundle with an in-toto statement in a DSSE envelope. It has to speak of
 *  this version and these bytes, and to be signed by the certificate that it carries; whose certificate that is, clients judge, who have the roots
 *  (npm dossier 9.2). Throws `unprocessable`. */
export function readProvenance(
  pkg: string,
  version: string,
  sha512: string,
  text: string,
): Omit<AttestationDocument, 'v' | 'generation'> {
  if (Buffer.byteLength(JSON.stringify(text)) > bundleLimit) throw refused(`it is larger than ${bundleLimit} bytes`)
  const bundle = parsed(text, 'it is not JSON')
  const { mediaType, dsseEnvelope, verificationMaterial } = bundle
  if (!isText(mediaType) || !/^application\/vnd\.dev\.sigstore\.bundle[.+]/.test(mediaType))
    throw refused('it is no Sigstore bundle')
  if (!isObject(dsseEnvelope) || dsseEnvelope['payloadType'] !== statementType) throw refused('it has no in-toto statement')
  const { payload } = dsseEnvelope
  if (!isText(payload)) throw refused('its statement is missing')
  const bytes = Buffer.from(payload, 'base64')
  checkSignature(bytes, dsseEnvelope['signatures'], certificateIn(verificationMaterial))
  const statement = parsed(bytes.toString('utf8'), 'its statement is not JSON')
  const { _type, subject, predicateType } = statement
  if (!isText(_type) || !/^https:\/\/in-toto\.io\/Statement\/v(0\.1|1)$/.test(_type))
    throw refused('its statement is none of in-toto')
  if (!isText(predicateType) || predicateType === '' || predicateType.length > 200)
    throw refused('its statement has no predicate type')
  const [only, ...others] = Array.isArray(subject) ? (subject as readonly Json[]) : []
  if (!isObject(only) || others.length > 0) throw refused('its statement is not about one subject')
  if (only['name'] !== purlOf(pkg, version)) throw refused(`its statement is not about ${purlOf(pkg, version)}`)
  const { digest } = only
  if (!isObject(digest) || digest['sha512'] !== sha512) throw refused('its statement is about other bytes than the tarball’s')
  return { predicateType, bundle: text }
}

/** Package URL of a version (purl-spec, type npm). */
export function purlOf(pkg: string, version: string): string {
  return `pkg:npm/${pkg.replace(/^@/, '%40')}@${version}`
}

/** Of a bundle 0.3, or the first of the chain of an older one. */
function certificateIn(material: Json | undefined): X509Certificate {
  const { certificate, x509CertificateChain: chain, tlogEntries } = isObject(material) ? material : {}
  if (!Array.isArray(tlogEntries) || tlogEntries.length === 0) throw refused('it names no entry of a transparency log')
  const older =
    isObject(chain) && Array.isArray(chain['certificates']) ? (chain['certificates'][0] as Json | undefined) : undefined
  const leaf = isObject(certificate) ? certificate : older
  const raw = isObject(leaf) ? leaf['rawBytes'] : undefined
  if (!isText(raw)) throw refused('it carries no certificate')
  try {
    return new X509Certificate(Buffer.from(raw, 'base64'))
  } catch {
    throw refused('its certificate cannot be read')
  }
}

/** Over the pre-authentication encoding of type and payload (DSSE protocol 1.0). */
function checkSignature(payload: Buffer, signatures: Json | undefined, { publicKey }: X509Certificate): void {
  const [only, ...others] = Array.isArray(signatures) ? (signatures as readonly Json[]) : []
  const sig = isObject(only) ? only['sig'] : undefined
  if (!isText(sig) || others.length > 0) throw refused('it is not signed once')
  const head = `DSSEv1 ${statementType.length} ${statementType} ${payload.length} `
  const signed = Buffer.concat([Buffer.from(head), payload])
  const algorithm = publicKey.asymmetricKeyType === 'ed25519' ? undefined : 'sha256'
  if (!fits(algorithm, signed, publicKey, Buffer.from(sig, 'base64'))) throw refused('its certificate has not signed it')
}
function fits(algorithm: 'sha256' | undefined, signed: Buffer, key: X509Certificate['publicKey'], sig: Buffer): boolean {
  try {
    return verify(algorithm, signed, key, sig)
  } catch {
    return false
  }
}

function parsed(text: string, complaint: string): { readonly [key: string]: Json } {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    throw refused(complaint)
  }
  if (!isObject(value)) throw refused(complaint)
  return value
}
function refused(reason: string) {
  return unprocessable(`the provenance cannot be taken: ${reason}`)
}
