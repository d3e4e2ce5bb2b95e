/** Numbers that an operator may set; each is bytes or as its name says. */
export interface Limits {
  /** One file, where its repository does not say less. */
  readonly maxArtifactSize: number
  /** Content of small blobs kept in memory. */
  readonly contentCache: number
  /** Rendered documents kept in memory. */
  readonly documentCache: number
  /** Of one caller, in one process. */
  readonly searchesPerMinute: number
  /** Likewise: each installation of npm's clients asks for one. */
  readonly auditsPerMinute: number
  /** Of one identity provider, in one process; four times as many at once. */
  readonly scimRequestsPerSecond: number
  /** Days in which a delete can be undone, and in which a replaced version is kept. */
  readonly undoDays: number
  /** Of a resumable upload, what becomes durable at once while a request goes on. */
  readonly uploadPiece: number
  /** Unfinished resumable uploads of one caller. */
  readonly openUploads: number
  /** So many replaced versions of a file are kept however old they are. */
  readonly keepVersions: number
  /** From one run of the sweeper to the next. */
  readonly sweepHours: number
  /** A blob that is younger is not looked at; one that nothing names waits as long for its readers. */
  readonly sweepGraceHours: number
  /** What lies in the blob store and has no row is taken for an upload that crashed after so long. */
  readonly strayDays: number
  /** From the decision to remove bytes to their removal: no less than backups are kept, or a restored store would name what is gone. */
  readonly blobDeleteDelayDays: number
  readonly backupRetentionDays: number
  /** Of all blobs, and of all bytes: a run that would remove more stops. Up to `sweepFloorBlobs` blobs go without asking. */
  readonly sweepBlobPercent: number
  readonly sweepBytePercent: number
  readonly sweepFloorBlobs: number
  /** Rows of the audit chain are kept for so long. */
  readonly auditDays: number
  /** By how much clocks of two nodes may differ: everything expires so much later. */
  readonly clockSkewSeconds: number
}
export const Limits = Symbol('Limits')

export const defaultLimits: Limits = {
  maxArtifactSize: 5 * 1024 ** 3,
  contentCache: 64 * 1024 ** 2,
  documentCache: 64 * 1024 ** 2,
  searchesPerMinute: 60,
  auditsPerMinute: 300,
  scimRequestsPerSecond: 50,
  undoDays: 14,
  uploadPiece: 64 * 1024 ** 2,
  openUploads: 100,
  keepVersions: 10,
  sweepHours: 24,
  sweepGraceHours: 24,
  strayDays: 7,
  blobDeleteDelayDays: 28,
  backupRetentionDays: 28,
  sweepBlobPercent: 5,
  sweepBytePercent: 10,
  sweepFloorBlobs: 100,
  auditDays: 400,
  clockSkewSeconds: 300,
}

/** Throws where two limits do not go together. */
export function checkLimits(limits: Limits): void {
  if (limits.blobDeleteDelayDays < limits.backupRetentionDays)
    throw new Error(
      `limits.blobDeleteDelayDays (${limits.blobDeleteDelayDays}) is less than limits.backupRetentionDays (${limits.backupRetentionDays}): a restored backup would name bytes that are gone`,
    )
}
