import type { NewRepository, ProtocolPlugin } from '#core'

/** Members of the organization `acme` in every test house; `bert` belongs to `beta`, `nobody` sends no credentials. */
export type Somebody = 'olga' | 'dora' | 'rita' | 'gus' | 'bert' | 'nobody'

export interface HouseOptions {
  readonly plugins: readonly ProtocolPlugin[]
  /** Made in `acme`; each `name` also in `beta`, so that equal names stand in both. */
  readonly repositories?: readonly NewRepository[]
  /** 'memory' by default; 'files' is files with LMDB in a temporary folder. */
  readonly store?: 'memory' | 'files'
}

export interface Answer {
  readonly status: number
  readonly reason: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: Buffer
  text(): string
  json(): unknown
}

export interface CallOptions {
  /** Default 'dora' (developer), with her token as Bearer. olga: owner, rita: reader, gus: no role and no grant. */
  readonly as?: Somebody
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string | Uint8Array | AsyncIterable<Uint8Array>
}

/** A whole house in memory, reached over HTTP on loopback as any client reaches it. */
export interface House {
  /** 'http://127.0.0.1:PORT' */
  readonly url: string
  /** `target` goes onto the wire as it is written, dots, doubled slashes and all. Redirects are not followed, nothing is decoded. */
  call(method: string, target: string, options?: CallOptions): Promise<Answer>
  /** Token of somebody, with all the rights of its owner. */
  token(somebody: Exclude<Somebody, 'nobody'>): string
  password(somebody: Exclude<Somebody, 'nobody'>): string
  /** `{organization}/{repository}/{path}` of every stored file, in order: the exact list of what lies in the store. */
  storedFiles(): Promise<readonly string[]>
  /** `{organization}/{repository}/{plugin}/{package}: {rest of the key}` of every document, in order. */
  storedDocuments(): Promise<readonly string[]>
  /** Number of finished blobs in the blob store, parts and all else included. */
  storedBlobs(): Promise<number>
  close(): Promise<void>
}

export declare function openHouse(options: HouseOptions): Promise<House>
