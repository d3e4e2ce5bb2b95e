import { RegistryError, unavailable } from '../../errors/registry-error.js'

/** What is known after a call that failed.
 *  `answer`: refused, and it will be again. `busy`: not carried out, the same may be sent again. `unsent`: it never reached the service. `unknown`: it may
 *  have been carried out. */
export type S3Failure = 'answer' | 'busy' | 'unsent' | 'unknown'

/** By the codes of "Error responses" in the API reference of S3. */
const busy = new Set([
  'SlowDown',
  'ServiceUnavailable',
  'RequestTimeout',
  'OperationAborted',
  'ConditionalRequestConflict',
  'TooManyRequestsException',
  'ThrottlingException',
  'RequestLimitExceeded',
])
/** The bytes or the lines were hurt on the way: what was sent is whole, so it is sent again. */
const hurt = new Set(['BadDigest', 'IncompleteBody', 'XAmzContentChecksumMismatch', 'InvalidDigest'])
const unsent = new Set(['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'EHOSTUNREACH', 'ENETUNREACH'])

interface Thrown {
  readonly name?: string
  readonly code?: string
  readonly $metadata?: { readonly httpStatusCode?: number }
  readonly $response?: { readonly headers?: Readonly<Record<string, string>> }
}

export function s3FailureOf(thrown: unknown): S3Failure {
  if (thrown instanceof RegistryError) return 'answer'
  const { name = '', code = '', $metadata } = (thrown ?? {}) as Thrown
  const status = $metadata?.httpStatusCode
  if (busy.has(name) || hurt.has(name) || status === 503 || status === 429) return 'busy'
  if (unsent.has(code)) return 'unsent'
  if (status === 501) return 'answer'
  if (name === 'CredentialsProviderError' || (status !== undefined && status >= 300 && status < 500)) return 'answer'
  return 'unknown'
}

/** The HTTP status of an answer; undefined where there was none. */
export function statusOf(thrown: unknown): number | undefined {
  return ((thrown ?? {}) as Thrown).$metadata?.httpStatusCode
}

export function nameOf(thrown: unknown): string {
  return ((thrown ?? {}) as Thrown).name ?? ''
}

/** Nothing lies under the key, or the upload is gone. A HEAD has no body that could name a code. */
export function isGone(thrown: unknown): boolean {
  return statusOf(thrown) === 404 && nameOf(thrown) !== 'NoSuchBucket'
}

/** What the kernel is told where the store gives no answer, or refuses the house itself. Seconds to wait are spread, so that not all come back at once. */
export function noBlobAnswer(cause?: unknown): RegistryError {
  if (cause instanceof RegistryError) return cause
  const refused = cause !== undefined && s3FailureOf(cause) === 'answer'
  const words = refused ? 'The blob store refuses this house' : 'The blob store does not answer; try again'
  return unavailable(words, 2 + Math.floor(Math.random() * 29), { cause })
}

/** Why a bucket cannot be used, for whoever starts the house, by the settings' names. */
export function bucketFailure(
  thrown: unknown,
  { bucket, region, endpoint }: { bucket: string; region?: string; endpoint?: string },
) {
  const { code, $response } = (thrown ?? {}) as Thrown
  const where = endpoint === undefined ? '' : ` at ${endpoint}`
  const name = nameOf(thrown)
  const words: Readonly<Record<string, string>> = {
    NoSuchBucket: `CLOUDREPO_S3_BUCKET: there is no bucket '${bucket}'${where}`,
    InvalidBucketName: `CLOUDREPO_S3_BUCKET: '${bucket}' is no name of a bucket`,
    AccessDenied: `The credentials may not list the bucket '${bucket}': the policy of the house is missing`,
    AllAccessDisabled: `The bucket '${bucket}' is closed to everybody`,
    InvalidAccessKeyId: `The store${where} does not know the access key (AWS_ACCESS_KEY_ID or the SDK's other sources)`,
    SignatureDoesNotMatch: `The store${where} refuses the secret key (AWS_SECRET_ACCESS_KEY or the SDK's other sources)`,
    ExpiredToken: 'The credentials for S3 have expired',
    InvalidToken: 'The session token for S3 is not valid',
    RequestTimeTooSkewed: "This machine's clock differs from the store's by more than 15 minutes",
    CredentialsProviderError:
      "There are no credentials for S3: AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or another of the SDK's sources",
  }
  const elsewhere = name === 'PermanentRedirect' || name === 'AuthorizationHeaderMalformed' || statusOf(thrown) === 301
  const lies = $response?.headers?.['x-amz-bucket-region']
  const sentence = elsewhere
    ? `CLOUDREPO_S3_REGION: the bucket '${bucket}' does not lie in ${region ?? 'the region of the SDK'}${lies === undefined ? '' : `, but in ${lies}`}`
    : (words[name] ??
      (/region is missing/i.test((thrown as Error | undefined)?.message ?? '')
        ? 'CLOUDREPO_S3_REGION is missing'
        : `The blob store${where} does not answer (${code ?? (name === '' || name === 'Error' ? 'no answer' : name)})`))
  return unavailable(sentence, 30, { cause: thrown })
}
