import type { DigestService } from '../digest/digest-service.js'
import type { DigestName } from '../digest/digests.js'
import type { RegistryError } from '../errors/registry-error.js'
import type { EventBus } from '../events/event-bus.js'
import type { ErasedPerson } from '../oversight/erasure-rows.js'
import type { ProtocolRequest } from '../request/protocol-request.js'
import type { Headers, Reply } from '../request/reply.js'
import type { Clock } from '../runtime/clock.js'
import type { Json } from '../runtime/json.js'
import type { Logger } from '../runtime/logger.js'
import type { DocumentKey, DocumentReader } from '../storage/document-reader.js'
import type { PackageFacts } from '../storage/package-facts.js'
import type { InstanceContext } from '../tenancy/instance-context.js'
import type { OrganizationContext } from '../tenancy/organization-context.js'
import type { OriginContext } from '../tenancy/origin-context.js'
import type { Repository } from '../tenancy/repository.js'
import type { RepositoryContext } from '../tenancy/repository-context.js'
import type { MetadataParser } from './metadata-parser.js'
import type { PackageIndex } from './package-index.js'
import type { PackageKeeping } from './package-keeping.js'
import type { Route } from './route.js'

/** What a started plugin is given: order, not a sandbox. No driver, no tenant. */
export interface PluginKit {
  readonly events: EventBus
  readonly clock: Clock
  readonly log: Logger
  readonly digests: DigestService
}

/** A protocol the house speaks, package format or not. Declared, installed, started, serving, stopped; constructing one has no side effect. */
export interface ProtocolPlugin {
  /** One lower-case word: a repository's `format`, and the last segment of /{org}/-/{name}/. */
  readonly name: string
  /** The plugin's own version, shown by `format list`; and the contract it was written for: the kernel refuses another major. */
  readonly version: string
  readonly contract: 1
  readonly mounts: readonly Mount[]
  readonly parsers?: readonly MetadataParser[]
  // biome-ignore lint/suspicious/noExplicitAny: an index is opaque to everybody but itself
  readonly indexes?: readonly PackageIndex<any>[]
  /** Digests taken while the bytes flow, beside sha256, which always is. Others are computed when first asked, and kept. */
  readonly digests?: readonly DigestName[]
  /** The unit that owns a path: its claim in groups, its admission. Default: the path's folder. */
  packageOf?(path: string): string
  /** Documents carry `v`; this brings an older one up to date on reading. One newer than known is `unavailable`, never guessed at. */
  readonly documents?: { readonly v: number; upgrade(value: Json, from: number): Json }
  /** Lines to paste into each client's own settings, for the first start and for pages: `client` names it, `text` may span lines. */
  readonly settings?: (repository: {
    readonly name: string
    readonly url: URL
  }) => readonly { readonly client: string; readonly text: string }[]
  /** How versions are copied, promoted, removed by rule and brought back; without it they are not. */
  readonly keeping?: PackageKeeping
  /** What the list of names says of a package, by its documents alone: the very facts that a publish describes it by. Undefined where they say that
   *  nothing stands there, which most packages of documents may. Asked by a reindex; without it the list of names is left as it is. */
  describe?(pkg: string, documents: DocumentReader): Promise<PackageFacts | undefined>
  /** Takes the names of a person who is erased out of a repository's documents; ids stay. May be asked again. How many packages were changed. Without it a
   *  format keeps no names. */
  forget?(person: ErasedPerson, context: RepositoryContext): Promise<number>
  /** Once, before the first request, in installation order. Subscribe to events here. */
  start?(kit: PluginKit): Promise<void>
  /** Once, in reverse order; also after a start that failed. */
  stop?(): Promise<void>
  /** A reminder that a change set left has come due. At least once: look before acting. */
  remind?(key: DocumentKey, context: RepositoryContext): Promise<void>
}

export type Mount = {
  readonly renderError?: RenderError
  readonly paths?: PathRules
  /** What an answer to OPTIONS says beside `Allow`; `path` begins with a slash. Repository mounts alone. */
  readonly announce?: (path: string, repository: Repository) => Headers
  /** 'POST /-/v1/login': answered 404 below every repository address, existing or not, whoever asks, since a client asks there first and goes on
   *  elsewhere after a 404 alone. Repository mounts alone; none of its own routes. */
  readonly absent?: readonly string[]
} & (
  | { readonly scope: 'repository'; readonly routes: readonly Route<RepositoryContext>[] }
  | { readonly scope: 'organization'; readonly routes: readonly Route<OrganizationContext>[] }
  | { readonly scope: 'origin'; readonly routes: readonly Route<OriginContext>[] }
  /** `api` alone. */
  | { readonly scope: 'instance'; readonly routes: readonly Route<InstanceContext>[] }
)

/** Words a failure for the client; default: problem.ts, a 404 as plain text. `status` comes from the house table; a protocol may answer otherwise. */
export type RenderError = (failure: RegistryError, status: number, request: ProtocolRequest) => Reply

/** What the one path parser lets through below this mount. The floor of security guide 3.4 holds always. */
export interface PathRules {
  /** free: ';', '%XX', edge dots and spaces; NFD becomes NFC (raw). Default 'strict'. */
  readonly names?: 'strict' | 'free'
  /** Default 'refuse'. */
  readonly emptySegments?: 'refuse' | 'collapse' | 'collapse-reads' | 'redirect'
  /** ignore: npm. Default 'matters'. */
  readonly trailingSlash?: 'matters' | 'ignore'
  /** On the undecoded path, before parsing: npm's '@scope%2fname' and its doubled prefix. The result is parsed like any other. */
  rewrite?(rawPath: string, mountPath: string): string
}
