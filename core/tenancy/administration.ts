import type { Level } from '../auth/permission.js'
import type { ScimTokens } from '../auth/scim-tokens.js'
import type { SignInException, SignInRulesPatch } from '../auth/sign-in-rules.js'
import type { IssuedToken, TokenRecord, TokenRequest } from '../auth/token-desk.js'
import type { Member } from '../directory/directory.js'
import type { Rotation, SigningKey } from '../signing/signatures.js'
import type { PackageDownloads, VersionDownloads } from '../usage/download-counts.js'
import type { CountedUsage } from '../usage/usage-reader.js'
import type { Amount } from '../usage/usage-rows.js'
import type { LeaverHolds } from './leaver-holds.js'
import type { Organization } from './organization.js'
import type { Repository, RepositoryKind, RepositorySwitches, VersionPolicy } from './repository.js'

export interface NewRepository extends RepositorySwitches {
  readonly name: string
  readonly format: string
  readonly kind?: RepositoryKind
  readonly policy?: VersionPolicy
  readonly public?: boolean
  readonly writePolicy?: 'once' | 'replace'
  readonly layoutPolicy?: 'strict' | 'permissive'
  readonly maxSize?: number
  readonly host?: string
}
export type RepositoryPatch = Partial<Pick<Repository, 'name' | 'policy' | 'public' | 'writePolicy' | 'layoutPolicy'>> & {
  readonly maxSize?: number | null
  readonly host?: string | null
} & RepositorySwitches

/** A repository that was deleted and can be brought back, as it was. */
export interface DeletedRepository {
  readonly repository: Repository
  readonly deletedAt: Date
  readonly by: { readonly kind: string; readonly id: string }
  readonly reason?: string
  readonly purgeAfter: Date
}

/** Whom a grant speaks of, by id. */
export interface GrantSubject {
  readonly kind: 'member' | 'service' | 'group'
  readonly id: string
}
export interface Grant {
  readonly subject: GrantSubject
  /** Id, or '*' for every repository of the organization. */
  readonly repository: string
  readonly level: Level
  /** Whole segments; everything of the repository where absent. */
  readonly path?: string
}

/** How a member signs in. */
export interface MemberSignIn extends SignInException {
  readonly secondFactor: boolean
}

export interface FormatState {
  readonly name: string
  readonly version: string
  readonly enabled: boolean
}

/** For `api` alone. Each call checks its permission for the caller, whatever the route declared, and throws `forbidden`. */
export interface Administration {
  /** organization.read. */
  listSigningKeys(): Promise<readonly SigningKey[]>
  /** organization.manage. Answers all keys; throws `conflict` while a new one is announced. */
  rotateSigningKeys(rotation: Rotation): Promise<readonly SigningKey[]>

  /** Those the caller may read. */
  listRepositories(): AsyncIterable<Repository>
  /** Throws `not-found` for those the caller may not read, too. */
  getRepository(name: string): Promise<Repository>
  /** repositories.manage. Throws `conflict` on a taken name, `invalid` on a malformed one, `forbidden` on a disabled format. */
  createRepository(repository: NewRepository): Promise<Repository>
  /** repository.administer; `host` needs the operator. `name` needs repositories.manage: the old address answers 404 from the next request on; throws
   *  `conflict` where it is taken, `invalid` where it is malformed. */
  updateRepository(name: string, patch: RepositoryPatch): Promise<Repository>
  /** repositories.manage. It vanishes at once, and its name is free. What lies in it is kept for the organization's `undoDays`, then cleaned up. */
  deleteRepository(name: string, reason?: string): Promise<void>
  /** repositories.manage, as the next two. What was deleted and can be brought back, by id. */
  listDeletedRepositories(query?: { readonly after?: string }): AsyncIterable<DeletedRepository>
  /** Back as it was, with everything in it, its grants and the tokens that name it, under its old name or another one; `which`: its id or its old name.
   *  Throws `not-found`, and `conflict` where the name is taken. Its host name comes back with it unless somebody else has it by now. */
  restoreRepository(which: string, name?: string): Promise<Repository>
  /** Nobody can bring it back from here on: its room is free once it was cleaned up. */
  purgeRepository(which: string): Promise<void>

  /** repository.administer of the repository, repositories.manage for '*'. One grant per subject, repository and path. */
  listGrants(): AsyncIterable<Grant>
  setGrant(grant: Grant): Promise<void>
  removeGrant(grant: Omit<Grant, 'level'>): Promise<void>

  /** Of identity providers. */
  readonly scimTokens: ScimTokens
  readonly leaverHolds: LeaverHolds

  listFormats(): Promise<readonly FormatState[]>
  /** organization.manage. */
  setFormat(name: string, enabled: boolean): Promise<void>

  /** The operator, for members and service accounts; an admin, for service accounts. Audited. */
  issueToken(memberId: string, request: TokenRequest): Promise<IssuedToken>
  /** As `issueToken`: another one of the same scopes and life, while the old one goes on for `overlap` days, 0 to 7. */
  rotateToken(memberId: string, id: string, overlap: number): Promise<IssuedToken>
  listTokens(memberId: string): AsyncIterable<TokenRecord>
  revokeToken(memberId: string, id: string): Promise<void>
  /** Whose token this is: members.read. A look at each member, for whoever has nothing but the id. Throws `not-found`. */
  findTokenOwner(id: string): Promise<Member>

  /** What the organization stores, and each of its repositories that the caller may read; undefined until it was counted for the first time. */
  usage(): Promise<
    | {
        readonly organization: CountedUsage
        readonly repositories: readonly { readonly name: string; readonly stored: Amount }[]
      }
    | undefined
  >
  /** What was downloaded of a package of a repository that the caller may read. `from` and `to`: days, '2026-11-25', both included. */
  downloads(
    repository: string,
    pkg: string,
    days?: { readonly from?: string; readonly to?: string },
  ): Promise<PackageDownloads & { readonly since?: Date; readonly versions: readonly VersionDownloads[] }>

  /** Of this organization, as the caller may see it. */
  organization(): Promise<Organization>
  /** organization.manage. What is asked of those who sign in, from their next request on. Throws `invalid`. */
  setSignInRules(patch: SignInRulesPatch): Promise<Organization>
  /** members.read. */
  signInOf(memberId: string): Promise<MemberSignIn>
  /** organization.manage, as the next one. */
  setBreakGlass(memberId: string, breakGlass: boolean): Promise<void>
  /** Takes the second factor of somebody else away, who then signs in with the password alone, and ends their sessions. */
  resetSecondFactor(memberId: string): Promise<void>
}
