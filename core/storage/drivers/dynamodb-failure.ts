import type { TransactionCanceledException } from '@aws-sdk/client-dynamodb'
import { invalid, type RegistryError, unavailable } from '../../errors/registry-error.js'

/** What is known after a call that failed.
 *  `condition`: refused, nothing written. `busy`: throttled, or met another transaction; nothing written, the same may be sent again. `unsent`: it never
 *  reached the service. `unknown`: it may have been carried out. `token`: the token was used for something else. `fatal`: will fail again. */
export type DynamoFailure = 'condition' | 'busy' | 'unsent' | 'unknown' | 'token' | 'fatal'

/** By the names of the service's errors (DynamoDB developer guide, "Error handling") and of Node's. */
const kinds: Readonly<Record<string, DynamoFailure>> = {
  ConditionalCheckFailedException: 'condition',
  TransactionConflictException: 'busy',
  TransactionInProgressException: 'busy',
  ProvisionedThroughputExceededException: 'busy',
  ThrottlingException: 'busy',
  RequestLimitExceeded: 'busy',
  IdempotentParameterMismatchException: 'token',
  ValidationException: 'fatal',
  ResourceNotFoundException: 'fatal',
  AccessDeniedException: 'fatal',
  UnrecognizedClientException: 'fatal',
  InvalidSignatureException: 'fatal',
  IncompleteSignatureException: 'fatal',
  MissingAuthenticationTokenException: 'fatal',
  ExpiredTokenException: 'fatal',
  ItemCollectionSizeLimitExceededException: 'fatal',
  CredentialsProviderError: 'fatal',
}
const unsent = new Set(['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'EHOSTUNREACH', 'ENETUNREACH'])
/** Of a cancelled transaction, by mutation. */
const passing = new Set(['TransactionConflict', 'ThrottlingError', 'ProvisionedThroughputExceeded'])

export function failureOf(thrown: unknown): DynamoFailure {
  const { name = '', code = '' } = (thrown ?? {}) as { name?: string; code?: string }
  if (name === 'TransactionCanceledException') return cancellation(thrown as TransactionCanceledException)
  const kind = kinds[name]
  if (kind !== undefined) return kind
  return unsent.has(code) ? 'unsent' : 'unknown'
}

/** A condition that did not hold outweighs a conflict beside it: sent again, it would fail the same way or by the row that the other one wrote. */
function cancellation({ CancellationReasons: reasons = [] }: TransactionCanceledException): DynamoFailure {
  const codes = reasons.flatMap(({ Code }) => (Code === undefined || Code === 'None' ? [] : [Code]))
  if (codes.includes('ConditionalCheckFailed')) return 'condition'
  return codes.length > 0 && codes.every((code) => passing.has(code)) ? 'busy' : 'fatal'
}

/** What the kernel is told where nothing is refused and nothing is answered. Seconds to wait are spread, so that not all come back at once. */
export function noAnswer(failure: DynamoFailure | 'open', cause?: unknown): RegistryError {
  switch (failure) {
    case 'token':
      return invalid('A commit token was used for other mutations', { cause })
    case 'busy':
      return unavailable('Too many changes at once; try again', 2 + Math.floor(Math.random() * 4), { cause })
    case 'fatal':
      return unavailable('The metadata store refuses this house', 30, { cause })
    default:
      return unavailable('The metadata store does not answer; try again', 2 + Math.floor(Math.random() * 29), { cause })
  }
}
