import { createHash } from 'node:crypto'
import type { Key } from './metadata-store.js'

/** Lists are spread over this many partitions: one hash key takes about a thousand writes a second (architecture guide, part b). */
export const shards = 16

const join = (...parts: readonly string[]) => parts.join('\0')
const key = (partition: string, ...path: readonly string[]): Key => ({ partition, path })

/** The shard of a name in a list. */
export function shardOf(name: string): number {
  return createHash('sha256').update(name).digest().readUInt8(0) % shards
}
/** Any shard: for rows that are met by reading all of them. */
export function anyShard(): number {
  return Math.floor(Math.random() * shards)
}

/** The only place where a tenant becomes a partition. Ids and names that come here hold no zero byte: the path grammar and the id makers see to it. */
export const tenantKeys = {
  folder: (org: string, repo: string, folder: string) => join(org, 'f', repo, folder),
  artifact(org: string, repo: string, path: string): Key {
    const cut = path.lastIndexOf('/')
    return key(join(org, 'f', repo, cut < 0 ? '' : path.slice(0, cut)), 'a', path.slice(cut + 1))
  },
  childFolder: (org: string, repo: string, folder: string, name: string): Key => key(join(org, 'f', repo, folder), 'd', name),
  versions: (org: string, repo: string, path: string) => join(org, 'v', repo, path),
  version: (org: string, repo: string, path: string, sequence: number): Key =>
    key(join(org, 'v', repo, path), 's', numeral(sequence)),
  spent: (org: string, repo: string, path: string): Key => key(join(org, 'v', repo, path), 'spent'),
  /** `repo` is '-' for a plugin's documents of the organization itself. */
  package: (org: string, repo: string, plugin: string, pkg: string) => join(org, 'p', repo, plugin, pkg),
  head: (org: string, repo: string, plugin: string, pkg: string): Key => key(join(org, 'p', repo, plugin, pkg), 'head'),
  document: (org: string, repo: string, plugin: string, pkg: string, rest: readonly string[]): Key =>
    key(join(org, 'p', repo, plugin, pkg), 'doc', ...rest),
  /** What was taken away, in the order of time; and what an undo of it needs. */
  deletions: (org: string, repo: string) => join(org, 'g', repo),
  deletion: (org: string, repo: string, id: string): Key => key(join(org, 'g', repo), id),
  deletionParts: (org: string, repo: string, id: string) => join(org, 'w', repo, id),
  deletionPart: (org: string, repo: string, id: string, index: number): Key => key(join(org, 'w', repo, id), numeral(index)),
  names: (org: string, repo: string, shard: number) => join(org, 'n', repo, String(shard)),
  name: (org: string, repo: string, pkg: string): Key => key(join(org, 'n', repo, String(shardOf(pkg))), pkg),
  blob: (org: string, blobId: string): Key => key(join(org, 'b', blobId), 'blob'),
  references: (org: string, blobId: string) => join(org, 'b', blobId),
  reference: (org: string, blobId: string, nameId: string): Key => key(join(org, 'b', blobId), 'ref', nameId),
  /** Of which blob the bytes under this key are, where it is another one. */
  object: (org: string, objectId: string): Key => key(join(org, 'b', objectId), 'of'),
  /** Digests that were first asked for later. */
  blobDigests: (org: string, blobId: string): Key => key(join(org, 'b', blobId), 'digests'),
  digests: (org: string, sha256: string) => join(org, 'h', sha256),
  digest: (org: string, sha256: string, size: number): Key => key(join(org, 'h', sha256), String(size)),
  intents: (org: string, shard: number) => join(org, 'i', String(shard)),
  intentShards: (org: string): readonly string[] => Array.from({ length: shards }, (_, shard) => join(org, 'i', String(shard))),
  intent: (org: string, uploadId: string): Key => key(join(org, 'i', String(shardOf(uploadId))), uploadId),
  /** Piece of a resumable upload: beside the upload itself, so that one range reads both. */
  uploadPiece: (org: string, uploadId: string, offset: number): Key =>
    key(join(org, 'i', String(shardOf(uploadId))), uploadId, String(offset).padStart(15, '0')),
  /** A caller's unfinished resumable uploads: as many as there are places. */
  uploadSlots: (org: string, caller: string) => join(org, 's', caller),
  uploadSlot: (org: string, caller: string, slot: string): Key => key(join(org, 's', caller), slot),
  batch: (org: string, batch: string): Key => key(join(org, 'x', batch), 'batch'),
  /** What a batch wrote, one row for each of its commits. */
  batchItems: (org: string, batch: string) => join(org, 'x', batch),
  batchItem: (org: string, batch: string, index: number): Key => key(join(org, 'x', batch), 'item', numeral(index)),
  /** The batches of all organizations: for whoever ends what a crash left. */
  batches: (shard: number) => join('.', 'batch', String(shard)),
  batchEntry: (org: string, batch: string): Key => key(join('.', 'batch', String(shardOf(batch))), org, batch),
  access: (org: string, shard: number): Key => key(join(org, 'e', String(shard)), 'access'),
  secret: (org: string, hash: string, kind: 'token' | 'session' | 'reset' | 'used' | 'failures' | 'known'): Key =>
    key(join(org, 't', hash), kind),
  memberRows: (org: string, member: string) => join(org, 'm', member),
  member: (org: string, member: string): Key => key(join(org, 'm', member), 'member'),
  password: (org: string, member: string): Key => key(join(org, 'm', member), 'password'),
  memberToken: (org: string, member: string, id: string): Key => key(join(org, 'm', member), 'token', id),
  /** Sessions of a member, for whoever ends or lists them; by the hash they lie under. */
  memberSession: (org: string, member: string, hash: string): Key => key(join(org, 'm', member), 'session', hash),
  /** The second factor; one that is being set up; and the codes that help without it. */
  secondFactor: (org: string, member: string): Key => key(join(org, 'm', member), 'mfa', 'totp'),
  pendingFactor: (org: string, member: string): Key => key(join(org, 'm', member), 'mfa', 'pending'),
  recoveryCode: (org: string, member: string, hash: string): Key => key(join(org, 'm', member), 'mfa', 'recovery', hash),
  /** How the rules for signing in bend for this member. */
  signInException: (org: string, member: string): Key => key(join(org, 'm', member), 'sign-in'),
  /** Under which name sessions, or tokens, were begun: another one ends all of them. */
  memberEpoch: (org: string, member: string, of: 'sessions' | 'tokens'): Key => key(join(org, 'm', member), 'epoch', of),
  /** Secrets that were mailed to the member, by hash. */
  memberReset: (org: string, member: string, hash: string): Key => key(join(org, 'm', member), 'reset', hash),
  /** The address that the member was seen to have, or that somebody answers for. */
  verifiedEmail: (org: string, member: string): Key => key(join(org, 'm', member), 'verified-email'),
  /** When the member last had all of its data told. */
  memberExport: (org: string, member: string): Key => key(join(org, 'm', member), 'export'),
  organizationRows: (org: string) => join(org, 'o'),
  organization: (org: string): Key => key(join(org, 'o'), 'organization'),
  /** The keys it signs with. */
  signing: (org: string): Key => key(join(org, 'o'), 'signing'),
  repository: (org: string, name: string): Key => key(join(org, 'o'), 'repository', name),
  /** One that was deleted and can be brought back, by its id. */
  deletedRepository: (org: string, id: string): Key => key(join(org, 'o'), 'gone', id),
  /** Retention rules, by id of the repository. */
  cleanup: (org: string, repo: string): Key => key(join(org, 'o'), 'cleanup', repo),
  /** How far the reindex of a repository has come, or how the last one ended. */
  reindex: (org: string, repo: string): Key => key(join(org, 'o'), 'reindex', repo),
  group: (org: string, id: string, chunk: number): Key => key(join(org, 'o'), 'group', id, numeral(chunk)),
  grant: (org: string, subject: string, repo: string, path: string): Key =>
    path === '' ? key(join(org, 'o'), 'grant', subject, repo) : key(join(org, 'o'), 'grant', subject, repo, path),
  /** Tokens of identity providers, for lists; by id. */
  scimToken: (org: string, id: string): Key => key(join(org, 'o'), 'scim-token', id),
  /** Where those who make one meet. */
  scimTokenCount: (org: string): Key => key(join(org, 'o'), 'scim-tokens'),
  /** That an identity provider took the access of unusually many. */
  leaverHold: (org: string, connection: string): Key => key(join(org, 'o'), 'leaver-hold', connection),
  /** The active owners in one row: changed under its revision, so that the last of them cannot go twice. */
  owners: (org: string): Key => key(join(org, 'o'), 'owners'),
  groupName: (org: string, nameKey: string): Key => key(join(org, 'o'), 'group-name', nameKey),
  login: (org: string, loginKey: string): Key => key(join(org, 'o'), 'login', loginKey),
  invitation: (org: string, id: string): Key => key(join(org, 'o'), 'invitation', id),
  /** Members and groups that a provisioner finds by what it keeps with them: rows that end in the id of one. */
  lookups: (org: string, hash: string) => join(org, 'k', hash),
  lookup: (org: string, hash: string, id: string): Key => key(join(org, 'k', hash), id),
  /** Who left, in the order of time. */
  leavers: (org: string) => join(org, 'z'),
  leaver: (org: string, id: string): Key => key(join(org, 'z'), id),
  /** Persons who are to be erased or were, by id of the request; what an erased one is called; the last number that was given. */
  erasures: (org: string) => join(org, 'y'),
  erasure: (org: string, id: string): Key => key(join(org, 'y'), 'erasure', id),
  erasedMember: (org: string, member: string): Key => key(join(org, 'y'), 'member', member),
  lastErased: (org: string): Key => key(join(org, 'y'), 'last'),
  /** Nothing of this organization is deleted while it is there. */
  legalHold: (org: string): Key => key(join(org, 'y'), 'hold'),
  log: (org: string, shard: number) => join(org, 'l', String(shard)),
  logRow: (org: string, shard: number, id: string): Key => key(join(org, 'l', String(shard)), id),
  chain: (org: string, month: string) => join(org, 'c', month),
  chainRow: (org: string, month: string, sequence: number): Key => key(join(org, 'c', month), numeral(sequence)),
  /** Where the chain stands, and which months it has. */
  chainRows: (org: string) => join(org, 'c'),
  chainHead: (org: string): Key => key(join(org, 'c'), 'head'),
  chainMonth: (org: string, month: string): Key => key(join(org, 'c'), 'month', month),
  usageRows: (org: string) => join(org, 'q'),
  usage: (org: string): Key => key(join(org, 'q'), 'usage'),
  repositoryUsage: (org: string, repo: string): Key => key(join(org, 'q'), 'repository', repo),
  allowance: (org: string, process: string): Key => key(join(org, 'q'), 'allowance', process),
  /** What was downloaded of a package: total and last, by day, by version. */
  downloads: (org: string, repo: string, pkg: string): Key => key(join(org, 'u', repo, pkg), 'package'),
  downloadDay: (org: string, repo: string, pkg: string, day: string): Key => key(join(org, 'u', repo, pkg), 'day', day),
  downloadVersion: (org: string, repo: string, pkg: string, version: string): Key =>
    key(join(org, 'u', repo, pkg), 'version', version),
  organizationName: (name: string): Key => key(join('.', 'org', name), 'org'),
  host: (name: string): Key => key(join('.', 'host', name), 'repository'),
  issuer: (hash: string) => join('.', 'issuer', hash),
  operators: () => join('.', 'operator'),
  operator: (hash: string): Key => key(join('.', 'operator'), hash),
  /** Who holds it; and the sign of life that its holder renews. */
  lease: (name: string): Key => key(join('.', 'lease'), name),
  leaseBeat: (name: string): Key => key(join('.', 'lease'), name, 'beat'),
  /** What a chore last did; and where a long one goes on. */
  chore: (name: string): Key => key(join('.', 'chore'), name),
  choreState: (name: string): Key => key(join('.', 'chore'), name, 'state'),
  /** Rung where there is work for it. */
  choreBell: (name: string): Key => key(join('.', 'chore'), name, 'bell'),
  /** There from the first time that a plugin listened to events. */
  listened: (copy: number): Key => key(copied(join('.', 'listened'), copy), 'listened'),
  /** Events that still have to be told: `new {id}`, `retry {time} {id}`, `parked {id}`. */
  outboxShard: (shard: number) => join('.', 'out', String(shard)),
  outbox: (shard: number, state: 'new' | 'retry' | 'parked', ...rest: readonly string[]): Key =>
    key(join('.', 'out', String(shard)), state, ...rest),
  /** Letters that still have to go out: `due {time} {id}`, `parked {id}`. */
  mailShard: (shard: number) => join('.', 'mail', String(shard)),
  mail: (shard: number, state: 'due' | 'parked', ...rest: readonly string[]): Key =>
    key(join('.', 'mail', String(shard)), state, ...rest),
  /** Repositories that are to be indexed anew. */
  reindexes: () => join('.', 'reindex'),
  reindexEntry: (org: string, repo: string): Key => key(join('.', 'reindex'), org, repo),
  due: (shard: number) => join('.', 'due', String(shard)),
  reminder: (shard: number, time: string, org: string, ...rest: readonly string[]): Key =>
    key(join('.', 'due', String(shard)), time, org, ...rest),
  /** The list of all organizations by name, for the operator. */
  organizations: () => join('.', 'orgs'),
  organizationEntry: (name: string): Key => key(join('.', 'orgs'), name),
  /** Advisories of one loading of the feed. */
  advisories: (generation: string, ecosystem: string, shard: number) =>
    join('.', 'advisory', generation, ecosystem, String(shard)),
  /** Facts of the instance itself: the canary that proves the root key, the schema. */
  instance: (name: string): Key => key(join('.', 'instance'), name),
  /** Why the instance takes no writes: in copies, since each request asks. */
  readOnly: (copy: number): Key => key(copied(join('.', 'instance'), copy), 'read-only'),
}

/** The first copy lies where the row lay before it had any. */
function copied(partition: string, copy: number): string {
  return copy === 0 ? partition : join(partition, String(copy))
}

/** Sorts as text as it counts. */
export function numeral(value: number): string {
  return String(value).padStart(10, '0')
}

/** What stands for a path in a blob's references: a name may be longer than a key. */
export function nameId(repo: string, path: string, sequence: number): string {
  return createHash('sha256').update(`${repo}\0${path}\0${sequence}`).digest('hex').slice(0, 32)
}

export function blobKey(org: string, blobId: string): string {
  return `${org}/b/${blobId.slice(0, 2)}/${blobId}`
}
