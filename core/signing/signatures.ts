/** The public half of a key that the organization signs with: ECDSA on P-256. */
export interface SigningKey {
  /** 'SHA256:' and the unpadded base64 of the SHA-256 of its SubjectPublicKeyInfo. */
  readonly keyid: string
  /** SubjectPublicKeyInfo, DER, base64. */
  readonly spki: string
  readonly createdAt: Date
  /** Listed before, so that whoever pins keys learns of it in time. */
  readonly signsFrom: Date
  /** What was published from here on carries another one's signature; what was published before stays good. */
  readonly expiresAt?: Date
}

/** DER, base64 (RFC 3279 2.2.3), over the SHA-256 of the text. */
export interface Signature {
  readonly keyid: string
  readonly sig: string
}

/** The organization's word that what it serves is what was published. */
export interface Signatures {
  /** In the order in which they sign; none before the first signature. */
  keys(): Promise<readonly SigningKey[]>
  /** One for each text, by the key that signs now. The first ever makes the key where the ceiling writes; else, without a key, there are none. */
  sign(texts: readonly string[]): Promise<readonly Signature[]>
}

export interface Rotation {
  /** Seconds for which the new key is listed and does not sign yet. */
  readonly overlapSeconds: number
  /** The old keys are believed no more: they go at once, and what they signed is signed anew. */
  readonly revoke: boolean
}
