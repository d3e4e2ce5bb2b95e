import type { ServedIndex } from '../plugin/package-index.js'
import type { ProtocolRequest } from '../request/protocol-request.js'
import type { Reply } from '../request/reply.js'
import type { Artifact } from '../storage/artifact.js'
import type { ArtifactReader } from '../storage/artifact-reader.js'
import type { ChangeSet, RepositoryChangeSet } from '../storage/change-set.js'
import type { PackageFacts } from '../storage/package-facts.js'
import type { Stage, StagedBlob } from '../storage/staging.js'
import type { UploadSessions } from '../storage/upload-session.js'
import type { OwnDocument } from '../upstream/derived-documents.js'
import type { OrganizationContext } from './organization-context.js'
import type { Repository } from './repository.js'

export interface PackageEntry {
  readonly name: string
  readonly facts: PackageFacts
}

export interface Collaborator {
  readonly name: string
  readonly id: string
  readonly groups: readonly string[]
  /** Else it reads alone. */
  readonly writes: boolean
}

export interface RepositoryContext extends OrganizationContext {
  readonly repository: Repository
  /** find, get, list(folder), digest(path, name). In a proxy or group it reaches upstream and members by the same rules as `index`. */
  readonly artifacts: ArtifactReader
  /** Described packages in byte order: a project list, search. A group's: of its readable members. A proxy's: what it has fetched. */
  packages(query?: { readonly after?: string; readonly text?: string }): AsyncIterable<PackageEntry>
  /** The index of one package as this repository serves it, whatever its kind. */
  index(name: string, pkg: string): Promise<ServedIndex | undefined>
  /** Answers with a document of the plugin's own, of no single package: from the revision alone, or rendered and compressed once for it. */
  derived(document: OwnDocument, request: ProtocolRequest): Promise<Reply>
  /** Writes and hashes; throws `unprocessable` on a digest that differs from `expected`, whose digests join the pass. Dropped unless committed. */
  readonly stage: Stage
  /** A file anywhere in this organization that has these bytes, and that the caller may read. */
  findContent(sha256: string): Promise<Artifact | undefined>
  /** The bytes of a file of this organization, to be given one more name: none of them is written again. */
  reuse(artifact: Artifact): Promise<StagedBlob>
  /** Uploads that come in several requests; needs artifacts.write. */
  readonly uploads: UploadSessions
  /** The same context for a request that names another path in its headers or body: grants are held against that path too, now and before the
   *  commit. Throws `forbidden`. */
  reaching(path: string): Promise<this>
  /** Members and service accounts that may read here; by name, those the caller may know of: without members.read the caller alone. */
  collaborators(): AsyncIterable<Collaborator>
  /** What this plugin's parser reads in it; {} where no parser claims the path. */
  parse(blob: StagedBlob, path: string): Promise<PackageFacts>
  change(): RepositoryChangeSet
  /** For what every member may leave at a package that it may read: documents of a kilobyte, and behind the package's name in the key the member's own
   *  id. Throws `forbidden` where it is nobody with an id, or a document is another's. */
  changeOwn(): ChangeSet
}
