import type { Json } from '../runtime/json.js'

/** The first part names the package: one partition, one head. The rest is the plugin's own order. */
export type DocumentKey = readonly [pkg: string, ...rest: string[]]

export interface Document {
  readonly key: DocumentKey
  readonly value: Json
  readonly revision: string
}

export interface PackageHead {
  /** Raised by one by every commit that touches the package. */
  readonly sequence: number
  /** Of the last such commit; strictly rising, by a millisecond at least. */
  readonly modified: Date
}

/** A plugin's own documents in one repository, or in the organization; no other plugin's. */
export interface DocumentReader {
  /** Undefined where nothing was ever committed under this name, or where it was removed. */
  head(pkg: string): Promise<PackageHead | undefined>
  find(key: DocumentKey): Promise<Document | undefined>
  /** Throws `not-found`. */
  get(key: DocumentKey): Promise<Document>
  /** Documents whose key begins with these segments, in byte order. A long list is not of one moment: whoever needs that looks at the head behind it. */
  list(
    prefix: DocumentKey,
    query?: { readonly after?: DocumentKey; readonly limit?: number; readonly descending?: boolean },
  ): AsyncIterable<Document>
}
