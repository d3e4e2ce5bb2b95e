import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto'
import { readFile, stat } from 'node:fs/promises'
import type { Server } from 'node:https'
import { createSecureContext, type SecureContextOptions } from 'node:tls'
import type { Logger } from '#core'

export interface TlsFiles {
  /** PEM: the server's certificate first, those that signed it behind. */
  readonly cert: string
  /** PEM, not encrypted. */
  readonly key: string
}
export interface TlsPair {
  readonly cert: Buffer
  readonly key: Buffer
  readonly expires: Date
}

/** Security guide 3.3. Older clients are refused; HTTP/1.1 is all that is spoken. */
export const tlsFloor = {
  minVersion: 'TLSv1.2',
  honorCipherOrder: true,
  ciphers: 'TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256:TLS_AES_128_GCM_SHA256:ECDHE+AESGCM:ECDHE+CHACHA20',
} as const satisfies SecureContextOptions

/** Throws with a sentence that names the setting where a file cannot be read, is none of its kind, has expired, or the key is another certificate's. */
export async function readPair(files: TlsFiles): Promise<TlsPair> {
  const cert = await contentOf('CLOUDREPO_TLS_CERT', files.cert)
  const key = await contentOf('CLOUDREPO_TLS_KEY', files.key)
  const certificate = parsed('CLOUDREPO_TLS_CERT', `${files.cert} is no certificate in PEM`, () => new X509Certificate(cert))
  const secret = parsed(
    'CLOUDREPO_TLS_KEY',
    `${files.key} is no private key in PEM without a password`,
    (): KeyObject => createPrivateKey(key),
  )
  if (!certificate.checkPrivateKey(secret))
    throw new Error(`CLOUDREPO_TLS_KEY: ${files.key} is not the key of the certificate ${files.cert}`)
  const expires = new Date(certificate.validTo)
  if (expires.getTime() <= Date.now())
    throw new Error(`CLOUDREPO_TLS_CERT: ${files.cert} has expired on ${expires.toISOString().slice(0, 10)}`)
  parsed('CLOUDREPO_TLS_CERT', `${files.cert} cannot be served`, () => createSecureContext({ ...tlsFloor, cert, key }))
  return { cert, key, expires }
}

async function contentOf(setting: string, file: string): Promise<Buffer> {
  try {
    return await readFile(file)
  } catch (cause) {
    throw new Error(`${setting}: ${file} cannot be read (${(cause as NodeJS.ErrnoException).code ?? 'unknown'})`, { cause })
  }
}

function parsed<T>(setting: string, complaint: string, parse: () => T): T {
  try {
    return parse()
  } catch (cause) {
    throw new Error(`${setting}: ${complaint}`, { cause })
  }
}

const lookEvery = 5_000

/** Puts a renewed certificate into use when its files change, or when asked: for new connections. A pair that is not fit is logged, and the old one stays. */
export class CertificateWatch {
  readonly #timer: NodeJS.Timeout
  #seen: string | undefined
  #looking: Promise<void> = Promise.resolve()

  constructor(
    private readonly server: Server,
    private readonly files: TlsFiles,
    private readonly log: Logger,
    every = lookEvery,
  ) {
    this.#looking = this.#mark().then((mark) => {
      this.#seen = mark
    })
    this.#timer = setInterval(() => void this.look(), every).unref()
  }

  /** Resolves when it was looked; `anyway`: read them though they look the same. */
  look(anyway = false): Promise<void> {
    this.#looking = this.#looking.then(() => this.#look(anyway))
    return this.#looking
  }

  stop(): void {
    clearInterval(this.#timer)
  }

  async #look(anyway: boolean): Promise<void> {
    const mark = await this.#mark()
    if (!anyway && mark === this.#seen) return
    this.#seen = mark
    try {
      const { cert, key, expires } = await readPair(this.files)
      this.server.setSecureContext({ ...tlsFloor, cert, key })
      this.log.info('tls.reloaded', { expires: expires.toISOString() })
    } catch (error) {
      this.log.error('tls.refused', { message: 'The certificate in use stays', cause: error })
    }
  }

  /** Changes whenever either file does. */
  async #mark(): Promise<string> {
    const marks = [this.files.cert, this.files.key].map((file) =>
      stat(file).then(
        ({ ino, size, mtimeMs }) => `${ino} ${size} ${mtimeMs}`,
        () => '',
      ),
    )
    return (await Promise.all(marks)).join(' ')
  }
}
