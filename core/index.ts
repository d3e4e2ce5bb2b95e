/** The face for plugins. */
export { z } from 'zod'
export type { Invitation } from './accounts/account-rows.js'
export type { Acceptance, Accounts, EmailState, HashCount, HashShare, NewInvitation } from './accounts/accounts.js'
export type { Advisories, Advisory, AffectedRange, LoadedFeed, Severity } from './advisories/advisory.js'
export { memberNameFault } from './archive/member-name.js'
export type { TarEntry, TarGzLimits, TarMember } from './archive/tar-structure.js'
export { tarGzLimits, walkTarGz } from './archive/tar-structure.js'
export type { ZipEntry, ZipReadLimits } from './archive/zip-reader.js'
export { eachZipEntry, readZipEntries, zipReadLimits } from './archive/zip-reader.js'
export type { ZipLimits, ZipMember } from './archive/zip-structure.js'
export { walkZip, zipLimits } from './archive/zip-structure.js'
export { ChainCheck, type ChainFault, type ChainVerdict, type ExportLine } from './audit/chain-check.js'
export type { ChainedRecord, ChainPlace } from './audit/chain-rows.js'
export type { AccountDesk, SessionView, SignedIn } from './auth/account-desk.js'
export type { Permission, Role } from './auth/permission.js'
export type { Principal, Scope } from './auth/principal.js'
export { principalId } from './auth/principal.js'
export type { ScimTokenRecord, ScimTokenRequest, ScimTokens } from './auth/scim-tokens.js'
export { formatScope, parseScopes } from './auth/scopes.js'
export { graceDaysAtMost, type SignInRules, usualSignInRules } from './auth/sign-in-rules.js'
export type { IssuedToken, TokenDesk, TokenRecord, TokenRequest } from './auth/token-desk.js'
export type { DigestMeter } from './digest/digest-service.js'
export { DigestService } from './digest/digest-service.js'
export type { DigestName, Digests } from './digest/digests.js'
export { digestLength } from './digest/digests.js'
export type { IntegrityDigest } from './digest/integrity.js'
export { formatIntegrity, parseIntegrity } from './digest/integrity.js'
export { requireDigests } from './digest/promised-digests.js'
export type {
  Directory,
  Group,
  GroupPatch,
  Member,
  MemberEntry,
  MemberPatch,
  NewGroup,
  NewMember,
} from './directory/directory.js'
export type { LeaverHold } from './directory/leaver-hold-rows.js'
export type { Leaver, LeaverCounts } from './directory/leaver-rows.js'
export type { FailureKind, FailureOptions } from './errors/registry-error.js'
export {
  asRegistryError,
  conflict,
  forbidden,
  hidden,
  invalid,
  methodNotAllowed,
  noSpace,
  notFound,
  RegistryError,
  stale,
  throttled,
  tooLarge,
  unauthenticated,
  unavailable,
  unprocessable,
  unsupported,
} from './errors/registry-error.js'
export type { ArtifactEvent, Events, MemberEvent, RepositoryEvent } from './events/event-bus.js'
export { EventBus } from './events/event-bus.js'
export type { ChoreDesk, ChoreRun, ChoreStatus, RunOptions } from './housekeeping/chore.js'
export { itemKey } from './lifecycle/cleanup.js'
export type { CleanupItem, CleanupRules } from './lifecycle/cleanup-rules.js'
export type { CleanupState, Deletion, Lifecycle, PackageState, Promoted, PromoteOptions } from './lifecycle/lifecycle.js'
export type { ReindexState } from './lifecycle/reindexing.js'
export type { Access, Reviewed, ReviewQuery } from './oversight/access-review.js'
export type { AuditPage, AuditQuery, AuditTrail, ChainState } from './oversight/audit-trail.js'
export type { ErasedPerson, Erasure, LegalHold } from './oversight/erasure-rows.js'
export { shownAs } from './oversight/erasure-rows.js'
export type { Privacy } from './oversight/privacy.js'
export { type ReviewedToken, type TokenFinding, tokenFindings } from './oversight/token-review.js'
export type { MetadataParser } from './plugin/metadata-parser.js'
export type { PackageIndex, ServedIndex, UpstreamAnswer } from './plugin/package-index.js'
export type {
  CopyOptions,
  DocumentWriter,
  PackageKeeping,
  PackageStatus,
  PackageVersion,
  RemovalStep,
  YankMark,
} from './plugin/package-keeping.js'
export { addressBelow, canonicalName } from './plugin/path-grammar.js'
export type { Mount, PathRules, PluginKit, ProtocolPlugin, RenderError } from './plugin/protocol-plugin.js'
export type { Method, PathParams, Route, RouteDescription } from './plugin/route.js'
export { instanceRoute, organizationRoute, originRoute, repositoryRoute } from './plugin/route.js'
export type { MountScope, RouteRecord } from './plugin/route-record.js'
export { bytes } from './request/content-reply.js'
export type { JsonBudget } from './request/json-body.js'
export { jsonBudget, parseStrictJson } from './request/json-body.js'
export { statusOf } from './request/problem.js'
export type {
  BlobJsonLimits,
  Form,
  FormFile,
  FormLimits,
  JsonWithBlobs,
  Omission,
  ProtocolRequest,
} from './request/protocol-request.js'
export type { BytesOptions, Download, Headers, Reply } from './request/reply.js'
export { empty, html, json, redirect, text, xml } from './request/reply.js'
export { holdPreconditions, preconditionNames } from './request/write-preconditions.js'
export { Clock } from './runtime/clock.js'
export type { Json, JsonObject } from './runtime/json.js'
export { KeyedQueue } from './runtime/keyed-queue.js'
export { Logger } from './runtime/logger.js'
export type { Rotation, Signature, Signatures, SigningKey } from './signing/signatures.js'
export type { Artifact, FolderEntry } from './storage/artifact.js'
export type { ArtifactReader } from './storage/artifact-reader.js'
export type { ByteRange, Bytes } from './storage/bytes.js'
export type { ChangeSet, Committed, PutOptions, RepositoryChangeSet } from './storage/change-set.js'
export type { DeletionNote } from './storage/deletion-rows.js'
export type { Document, DocumentKey, DocumentReader, PackageHead } from './storage/document-reader.js'
export type { Condition } from './storage/metadata-store.js'
export { compareNames } from './storage/name-order.js'
export type { PackageFacts } from './storage/package-facts.js'
export type { Stage, StagedBlob, StageOptions } from './storage/staging.js'
export type { AppendOptions, UploadSession, UploadSessions } from './storage/upload-session.js'
export type {
  Administration,
  DeletedRepository,
  FormatState,
  Grant,
  GrantSubject,
  NewRepository,
  RepositoryPatch,
} from './tenancy/administration.js'
export type { ContentQuery, Contents, FileDetails, Found, PackageDetails, SearchAnswer } from './tenancy/contents.js'
export type { AdvisoryFeed, InstanceContext, OrganizationRegister } from './tenancy/instance-context.js'
export type { Organization, Quota } from './tenancy/organization.js'
export { organizationName } from './tenancy/organization.js'
export type { OrganizationContext } from './tenancy/organization-context.js'
export type { ExchangedToken, OriginContext } from './tenancy/origin-context.js'
export type { Repository, RepositoryKind, VersionPolicy } from './tenancy/repository.js'
export { repositoryName } from './tenancy/repository.js'
export type { Collaborator, PackageEntry, RepositoryContext } from './tenancy/repository-context.js'
export type { CountedUsage } from './usage/usage-reader.js'
export type { Amount } from './usage/usage-rows.js'
export type { XmlElement, XmlLimits, XmlOptions, XmlShape } from './xml/xml-reader.js'
export { childOf, childrenOf, readXml, textOf } from './xml/xml-reader.js'
