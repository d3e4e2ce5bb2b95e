import type { Readable } from 'node:stream'
import type { Stage, StagedBlob } from '../storage/staging.js'
import type { JsonBudget } from './json-body.js'

/** What a handler is given of a request: parsed, bounded, body unread. */
export interface ProtocolRequest<Params = Readonly<Record<string, string>>> {
  /** As sent; HEAD arrives as HEAD at a GET route. */
  readonly method: string
  readonly params: Params
  readonly query: URLSearchParams
  /** Canonical and decoded, below the mount, beginning with '/'; '' for the mount's own address without its slash, which routes like '/' but from
   *  which relative links lead elsewhere. */
  readonly path: string
  /** In answers and in the log. */
  readonly id: string
  /** Unread until asked for: only then does the host send 100 Continue. Refused early: the answer goes out at once with `Connection: close`, then the
   *  host reads and throws away what still comes: 1 MiB or 2 s; after a 401 to a request without credentials 256 MiB or 30 s, because Maven 4
   *  sends its first PUT, body and all, without them and reads the answer last. */
  readonly body: Readable
  /** Several headers of one name come joined by ', '. */
  header(name: string): string | undefined
  /** Of the trailer section, which is there once the body has been read to its end. */
  trailer(name: string): string | undefined
  /** The body, read whole, at most `limit` bytes (default 1 MiB): depth 32, 10,000 keys where `budget` says no other number, no duplicate keys, no prototype names. Throws `invalid`, `too-large`. */
  json(limit?: number, budget?: JsonBudget): Promise<unknown>
  /** JSON whose base64 strings at the paths `isBlob` picks are decoded as they arrive and staged ('' stands in their place in `value`). `limits`: bytes of
   *  the text, of each blob. Node's decoder skips strangers silently: what came out is counted, and bad base64 is `invalid`. */
  jsonWithBlobs(isBlob: (path: readonly string[]) => boolean, stage: Stage, limits: BlobJsonLimits): Promise<JsonWithBlobs>
  /** Counts so many more requests of the caller against the route's rate: for a body that holds several. Nothing where the route has none. */
  charge(count: number): void
  /** Multipart: fields as text, files staged as they arrive, in any order. */
  form(stage: Stage, limits?: FormLimits): Promise<Form>
}

export interface BlobJsonLimits {
  readonly text: number
  readonly blob: number
  /** How many blobs; default 16. A body that is longer by its own word than all of them is refused unasked. */
  readonly blobs?: number
  readonly omit?: Omission
}
/** For bodies of which little is needed: behind so many bytes of text, members of objects at this depth that `picks` names are read past. They are held to
 *  balanced brackets alone, and are not in the value. */
export interface Omission {
  readonly after: number
  /** Keys in a path. */
  readonly depth: number
  picks(path: readonly string[]): boolean
  /** Bytes that are read past, all together. */
  readonly most: number
}
export interface JsonWithBlobs {
  readonly value: unknown
  readonly blobs: readonly { readonly path: readonly string[]; readonly blob: StagedBlob }[]
  /** Was anything read past? */
  readonly omitted: boolean
}

export interface FormLimits {
  /** Default 1. */
  readonly files?: number
  /** Default 400. */
  readonly fields?: number
  /** Bytes of one field; default 64 KiB. */
  readonly fieldSize?: number
}
export interface FormFile {
  readonly field: string
  /** As sent: any text, never a path of ours. */
  readonly filename: string
  readonly contentType: string | undefined
  readonly blob: StagedBlob
}
export interface Form {
  readonly fields: ReadonlyMap<string, readonly string[]>
  readonly files: readonly FormFile[]
}
