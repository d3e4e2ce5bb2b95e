import { execFileSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'

export interface CertificateFiles {
  readonly cert: string
  readonly key: string
}

/** An authority of one test and what it signs, by the openssl of this machine. */
export class CertificateAuthority {
  readonly file: string
  readonly #key: string
  #count = 0

  constructor(private readonly folder: string) {
    this.file = join(folder, 'ca.pem')
    this.#key = join(folder, 'ca.key')
    openssl('req', '-x509', ...ecKey, '-keyout', this.#key, '-out', this.file, '-days', '2', '-subj', '/CN=Test authority')
  }

  /** For localhost, 127.0.0.1 and these names. `days` below zero: it has expired. */
  issue(names: readonly string[] = [], days = 1): CertificateFiles {
    const at = join(this.folder, `server-${++this.#count}`)
    const extensions = `subjectAltName=${['DNS:localhost', 'IP:127.0.0.1', ...names.map((name) => `DNS:${name}`)].join(',')}`
    writeFileSync(`${at}.ext`, extensions)
    openssl('req', ...ecKey, '-keyout', `${at}.key`, '-out', `${at}.csr`, '-subj', `/CN=server ${this.#count}`)
    const signed = ['-CA', this.file, '-CAkey', this.#key, '-CAcreateserial', '-extfile', `${at}.ext`]
    openssl('x509', '-req', '-in', `${at}.csr`, ...signed, '-days', String(days), '-out', `${at}.pem`)
    return { cert: `${at}.pem`, key: `${at}.key` }
  }
}

const ecKey = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes']

function openssl(...words: readonly string[]): void {
  execFileSync('openssl', words, { stdio: 'ignore' })
}
