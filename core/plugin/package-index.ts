import type { Digests } from '../digest/digests.js'
import type { RegistryError } from '../errors/registry-error.js'
import type { ProtocolRequest } from '../request/protocol-request.js'
import type { Reply } from '../request/reply.js'
import type { Signatures } from '../signing/signatures.js'
import type { DocumentReader } from '../storage/document-reader.js'
import type { Repository } from '../tenancy/repository.js'

/** What an upstream answered, read whole within the budget of its kind. */
export interface UpstreamAnswer {
  readonly status: number
  readonly contentType: string | undefined
  readonly body: Uint8Array
}

/** What clients resolve from (packument, project page, maven-metadata). `View` is plain data, but for what it lists while it is read. All but `load` are
 *  pure. Hosted: load, render. Proxy: + upstream, versions, restrict. Group: + group, over its members' views. Without them the format is hosted alone. */
export interface PackageIndex<View> {
  /** 'packument', 'simple', 'metadata'. */
  readonly name: string
  /** By revision, or by the bytes served. */
  readonly etag: 'weak' | 'strong'
  load(pkg: string, documents: DocumentReader, signatures: Signatures): Promise<View | undefined>
  /** What it renders carries signatures: its revision moves with the organization's keys, too. */
  readonly signed?: true
  /** In pieces of text where it may be large: it is then written as the view is read, and nobody ever holds the whole of it. */
  readonly render: (
    view: View,
    flavour: string,
    base: URL,
  ) => { readonly contentType: string; readonly body: Uint8Array | AsyncIterable<string> }
  readonly upstream?: {
    /** Seconds a proxy takes it as fresh; 300. */
    readonly ttl: number
    /** Below the upstream's address, built from coordinates, never from the client's text. */
    readonly locate: (pkg: string) => { readonly path: string; readonly headers?: Readonly<Record<string, string>> }
    /** Throws `invalid`: the client gets 502 and nothing is kept. */
    readonly read: (answer: UpstreamAnswer, pkg: string) => View | undefined
    /** Ours: path. Theirs: url, on a host of the upstream's list, and what they promise. */
    readonly files: (view: View) => readonly { path: string; url: string; digests: Partial<Digests>; size?: number }[]
  }
  /** For admission: what there is and since when; and the view without the versions it held back, tags moved. */
  readonly versions?: (view: View) => readonly { version: string; publishedAt?: Date }[]
  readonly restrict?: (view: View, hidden: ReadonlySet<string>) => View
  readonly group?: {
    /** 'first': members are asked in order until one has it, and that one alone serves it. 'merge': all are asked. */
    readonly ask: 'first' | 'merge'
    /** In members' order; a member that failed, or that has the name but not for this caller, stands there as its failure. May throw it. */
    readonly merge: (members: readonly { member: Repository; view?: View; failure?: RegistryError }[]) => View | undefined
  }
}

/** An index at one revision. */
export interface ServedIndex {
  readonly revision: string
  readonly modified: Date
  /** Answers 304 from the revision alone; else from the cache: the coding the client takes, ETag, Vary, Cache-Control, Age when stale. */
  reply(flavour: string, request: ProtocolRequest): Promise<Reply>
  /** The rendered bytes themselves, and their digests on demand: for sidecars of a derived document. */
  rendered(flavour: string): Promise<{ readonly contentType: string; readonly body: Uint8Array }>
}
