import type { House, Somebody } from '../support/house.js'

/** A request below a repository of the format; `path` begins with a slash and goes onto the wire as it stands. */
export interface ContractCall {
  readonly method: string
  readonly path: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string | Uint8Array
}

export interface ProtocolContract {
  /** The request by which a client of the format publishes these bytes. */
  publish(content: Uint8Array): ContractCall
  /** The request by which it gets the same bytes back. */
  readonly fetch: ContractCall
  /** What is published; default: random bytes, for formats that look into nothing. */
  readonly content?: Uint8Array
  /** For each index of the plugin, the package whose index `publish` changes. */
  readonly packages?: Readonly<Record<string, string>>
  /** A second, different publication of that package; its commit must change the revision again. */
  readonly publishNext?: ContractCall
  /** Other content that `publish` takes, under the same coordinates; default: random bytes, where `content` is random too. Two that race: one wins. */
  readonly rival?: Uint8Array
  /** For each index of the plugin, the requests by which its clients read it: one for each flavour. */
  readonly documents?: Readonly<Record<string, readonly ContractCall[]>>
  /** The request that takes away what `publish` published, where the format has one. */
  readonly remove?: ContractCall
  /** Publications that the format must refuse: broken archives, metadata past its budget. Each gets a 4xx and leaves nothing. */
  readonly malformed?: readonly ContractCall[]
  /** Real clients, against a server in a process of its own that loaded the plugin by its path: once for each of two tenants. */
  readonly client?: ContractClient
}

export interface ContractClient {
  /** Absolute path of the compiled module that default-exports the plugin. */
  readonly module: string
  /** Runs the clients; throws where they say that something is wrong. Called for a first tenant, then for a second one with the same names. */
  run(target: ClientTarget): Promise<void>
}

/** What a client needs to know of the repository it talks to. */
export interface ClientTarget {
  /** Address of the repository, with a slash at its end. */
  readonly url: string
  readonly token: string
  /** An empty folder of its own. */
  readonly folder: string
}

export const shelf = 'shelf'

/** All that lies in the stores. */
export async function stored(house: House) {
  return { files: await house.storedFiles(), documents: await house.storedDocuments(), blobs: await house.storedBlobs() }
}

export function as(who: Somebody, { headers, body }: ContractCall) {
  return { as: who, ...(headers === undefined ? {} : { headers }), ...(body === undefined ? {} : { body }) }
}
/** Sends it as a developer of `acme`; its status. */
export async function send(house: House, call: ContractCall): Promise<number> {
  return (await house.call(call.method, `/acme/${shelf}${call.path}`, as('dora', call))).status
}
