import { type Finding, fatal } from './finding.js'

/** What an SDK throws, as far as it is of use here. */
interface Thrown {
  readonly name?: string
  readonly code?: string
  readonly message?: string
  readonly Region?: string
  readonly $metadata?: { readonly httpStatusCode?: number }
  readonly $response?: { readonly headers?: Readonly<Record<string, string>> }
}

/** A place in the cloud, in the words of whoever set it up. */
export interface CloudPlace {
  /** The table holds the wrapped keys of organizations. */
  readonly keys?: boolean
  /** 'bucket', 'table', 'table of keys'. */
  readonly check: string
  /** 'The bucket acme-artifacts'. */
  readonly name: string
  readonly region: string | undefined
  readonly endpoint: string | undefined
  /** 'CLOUDREPO_S3': what its settings begin with. */
  readonly settings: string
}

const expired = new Set(['ExpiredToken', 'ExpiredTokenException', 'TokenRefreshRequired', 'RequestExpired'])
const unknownCaller = new Set([
  'InvalidAccessKeyId',
  'SignatureDoesNotMatch',
  'InvalidToken',
  'UnrecognizedClientException',
  'InvalidSignatureException',
  'IncompleteSignatureException',
  'InvalidClientTokenId',
  'MissingAuthenticationTokenException',
])
const denied = new Set(['AccessDenied', 'AccessDeniedException', 'Forbidden', 'AllAccessDisabled', 'KMS.AccessDeniedException'])
const elsewhere = new Set([
  'PermanentRedirect',
  'AuthorizationHeaderMalformed',
  'IllegalLocationConstraintException',
  'TemporaryRedirect',
])
const unreachable = new Set(['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'EHOSTUNREACH', 'ENETUNREACH', 'ECONNRESET', 'ETIMEDOUT'])

export function isDenied(thrown: unknown): boolean {
  const { name = '', $metadata } = (thrown ?? {}) as Thrown
  return (
    denied.has(name) || ($metadata?.httpStatusCode === 403 && !expired.has(name) && !unknownCaller.has(name) && !isSkewed(name))
  )
}

const isSkewed = (name: string) => name === 'RequestTimeTooSkewed' || name === 'RequestInTheFuture'

/** Why a place cannot be used, in one sentence, and what to do. `action`: what was tried, 'dynamodb:GetItem'. `sentence`: another one, of the driver. */
export function refusalFinding(thrown: unknown, action: string, place: CloudPlace, sentence?: string): Finding {
  const [says, todo] = diagnosis(thrown, action, place)
  return fatal(place.check, sentence === undefined ? says : `${sentence}.`, todo)
}

function diagnosis(
  thrown: unknown,
  action: string,
  { name: where, region, endpoint, settings }: CloudPlace,
): readonly [says: string, todo: string] {
  const { name = '', code = '', message = '', Region, $metadata, $response } = (thrown ?? {}) as Thrown
  const at = endpoint ?? 'The service'
  if (expired.has(name))
    return ['The credentials have expired.', 'Renew them, or let the node take a role whose credentials renew themselves.']
  if (unknownCaller.has(name))
    return [
      `${at} does not know the credentials (${name}).`,
      'Check AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or the role of the node.',
    ]
  if (name === 'CredentialsProviderError' || /could not load credentials/i.test(message))
    return ['There are no credentials.', 'Give the node a role, or set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY.']
  if (isSkewed(name)) return ["This machine's clock is too far from the service's.", 'Set the clock by NTP.']
  if (/region is missing/i.test(message)) return ['No region is set.', `Set ${settings}_REGION.`]
  if (elsewhere.has(name) || $metadata?.httpStatusCode === 301) {
    const lies = Region ?? $response?.headers?.['x-amz-bucket-region']
    const to = lies === undefined ? '' : ` to ${lies}`
    return [`${where} does not lie in ${region ?? 'the region of the SDK'}.`, `Set ${settings}_REGION${to}.`]
  }
  if (name === 'NoSuchBucket' || name === 'ResourceNotFoundException')
    return [`${where} does not exist.`, 'Make it (examples/cloud), or name the right one.']
  if (isDenied(thrown)) return [`${where} refuses ${action}.`, 'Give the role of the node the policy of examples/cloud.']
  if (unreachable.has(code) || name === 'TimeoutError' || name === 'AbortError')
    return [
      `${at} cannot be reached (${code === '' ? name : code}).`,
      `Check ${settings}_ENDPOINT and _REGION, name resolution and firewalls.`,
    ]
  return [
    `${where} answers ${action} with ${name === '' ? message : name}.`,
    'See the documentation of the service for this answer.',
  ]
}
