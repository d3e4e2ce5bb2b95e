import type { BucketInspection, LifecycleRule } from '#core/host'
import { clockFinding } from './cloud-clock.js'
import { type CloudPlace, isDenied, refusalFinding } from './cloud-refusal.js'
import { type Finding, fatal, fine, warning } from './finding.js'

/** What the house keeps deleted bytes for, and how long a crashed upload may lie (security guide 1.8, 1.9). Days. */
const noncurrent = 28
const incomplete = 7

/** Each action that the driver needs, tried on an object that nobody names; then how the bucket is set up. The first refusal that concerns everything ends it. */
export async function bucketFindings(
  bucket: BucketInspection,
  place: CloudPlace,
  now: () => number,
): Promise<readonly Finding[]> {
  const findings: Finding[] = []
  try {
    await bucket.list()
    findings.push(fine(place.check, `${place.name} answers.`))
  } catch (thrown) {
    return [
      refusalFinding(thrown, 's3:ListBucket', place, bucket.explain(thrown)),
      ...clockFinding('clock of S3', bucket.serverTime(), now()),
    ]
  }
  findings.push(...clockFinding('clock of S3', bucket.serverTime(), now()), ...(await actionFindings(bucket, place)))
  for (const look of [versioning, encryption, publicAccess, lifecycle, policy]) findings.push(await look(bucket))
  return findings
}

async function actionFindings(bucket: BucketInspection, place: CloudPlace): Promise<readonly Finding[]> {
  const refusals: Finding[] = []
  const tries = async (action: string, work: () => Promise<void>) => {
    try {
      await work()
    } catch (thrown) {
      refusals.push(refusalFinding(thrown, action, { ...place, check: 'bucket permissions' }))
    }
  }
  let onCondition = true
  let there = false
  await tries('s3:PutObject', async () => {
    onCondition = await bucket.putTwice()
    there = true
  })
  if (there) await tries('s3:GetObject', () => bucket.read())
  if (there) await tries('s3:DeleteObject', () => bucket.remove())
  await tries('s3:AbortMultipartUpload', () => bucket.multipart())
  await tries('s3:ListBucketMultipartUploads', () => bucket.listUploads())
  if (!onCondition)
    refusals.push(
      fatal(
        'conditional writes',
        `${place.name} takes a second object under one key although it is told \`If-None-Match: *\`.`,
        'Use a store that keeps the condition: two uploads could replace each other.',
      ),
    )
  return refusals.length > 0 ? refusals : [fine('bucket permissions', 'Objects can be put once, read, listed and taken away.')]
}

/** A look that is refused is a warning: the house serves without it. */
async function looked(check: string, action: string, look: () => Promise<Finding>): Promise<Finding> {
  try {
    return await look()
  } catch (thrown) {
    const { name = 'no answer' } = (thrown ?? {}) as { readonly name?: string }
    if (isDenied(thrown))
      return warning(
        check,
        `It cannot be seen: ${action} is refused.`,
        `Give it to whoever runs the doctor (examples/cloud), or look yourself.`,
      )
    return warning(check, `It cannot be seen: the store answers ${name}.`, 'Look yourself; some stores have no such thing.')
  }
}

const versioning = (bucket: BucketInspection) =>
  looked('bucket versioning', 's3:GetBucketVersioning', async () => {
    const state = await bucket.versioning()
    if (state === 'Enabled') return fine('bucket versioning', 'It is on.')
    return warning(
      'bucket versioning',
      `It is ${state === undefined ? 'off' : state.toLowerCase()}: what is deleted is gone at once, and a restored table may name it.`,
      'Switch it on, with the lifecycle rules of examples/cloud.',
    )
  })

const encryption = (bucket: BucketInspection) =>
  looked('bucket encryption', 's3:GetEncryptionConfiguration', async () => {
    const algorithm = await bucket.encryption()
    if (algorithm !== undefined) return fine('bucket encryption', `${algorithm}, beside what the house seals itself.`)
    return warning(
      'bucket encryption',
      'The bucket has no encryption of its own.',
      'Set a default: AES256, or aws:kms with a key of yours.',
    )
  })

const publicAccess = (bucket: BucketInspection) =>
  looked('public access', 's3:GetBucketPublicAccessBlock', async () =>
    (await bucket.publicAccessBlocked())
      ? fine('public access', 'All of it is blocked.')
      : warning('public access', 'It is not blocked.', 'Switch on all four blocks of the bucket.'),
  )

const lifecycle = (bucket: BucketInspection) =>
  looked('lifecycle', 's3:GetLifecycleConfiguration', async () => lifecycleFinding(await bucket.lifecycle()))

function lifecycleFinding(rules: readonly LifecycleRule[]): Finding {
  const check = 'lifecycle'
  if (rules.some(({ takesCurrent }) => takesCurrent))
    return fatal(
      check,
      'A rule expires current objects, or puts them where they cannot be read at once: stored files will be lost.',
      'Remove that rule from this bucket; retention is the business of the house.',
    )
  const wide = rules.filter(({ everything }) => everything)
  const days = wide.flatMap(({ noncurrentDays }) => (noncurrentDays === undefined ? [] : [noncurrentDays]))
  const uploads = wide.flatMap(({ incompleteUploadDays }) => (incompleteUploadDays === undefined ? [] : [incompleteUploadDays]))
  if (days.length === 0)
    return warning(
      check,
      'No rule ends old versions of objects: they are kept, and paid for, for ever.',
      `Expire noncurrent versions after ${noncurrent} days.`,
    )
  if (Math.min(...days) < noncurrent)
    return warning(
      check,
      `Old versions of objects go after ${Math.min(...days)} days, sooner than the ${noncurrent} for which backups of the table are kept.`,
      `Let that rule say ${noncurrent}.`,
    )
  if (uploads.length === 0)
    return warning(
      check,
      'No rule ends uploads that were broken off: their parts are paid for, for ever.',
      `Abort incomplete multipart uploads after ${incomplete} days.`,
    )
  return fine(check, `Old versions go after ${Math.min(...days)} days, broken uploads after ${Math.min(...uploads)}.`)
}

const policy = (bucket: BucketInspection) =>
  looked('TLS', 's3:GetBucketPolicy', async () => {
    const text = await bucket.policy()
    if (text !== undefined && denyPlain(text)) return fine('TLS', 'The bucket refuses requests without it.')
    return warning(
      'TLS',
      'The bucket takes requests without it.',
      'Deny them by the bucket policy of examples/cloud (aws:SecureTransport).',
    )
  })

function denyPlain(text: string): boolean {
  const { Statement = [] } = JSON.parse(text) as { Statement?: unknown }
  const statements = (Array.isArray(Statement) ? Statement : [Statement]) as {
    Effect?: string
    Condition?: Record<string, Record<string, unknown>>
  }[]
  return statements.some(
    ({ Effect, Condition }) => Effect === 'Deny' && String(Condition?.['Bool']?.['aws:SecureTransport']) === 'false',
  )
}
