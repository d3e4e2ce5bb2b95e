export type DigestName = 'md5' | 'sha1' | 'sha256' | 'sha512' | 'blake2b256'

/** Lower-case hex. */
export type Digests = Readonly<Record<'sha256', string> & Partial<Record<DigestName, string>>>

/** Length of a digest in hex characters. */
export const digestLength: Readonly<Record<DigestName, number>> = { md5: 32, sha1: 40, sha256: 64, sha512: 128, blake2b256: 64 }
