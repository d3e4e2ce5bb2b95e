import { expect } from 'chai'
import { S3Bucket } from '../../../../core/storage/drivers/s3-bucket.js'
import type { S3Place, S3Sender } from '../../../../core/storage/drivers/s3-client.js'
import { noBlobAnswer, s3FailureOf } from '../../../../core/storage/drivers/s3-failure.js'
import { failure } from '../../../contract/metadata-words.js'
import { brokenOff, quickCalls, s3Error } from '../../../support/intercepted-s3.js'

const place: S3Place = { bucket: 'house', region: 'eu-central-1' }

describe('A failure of S3', () => {
  const sentences: readonly (readonly [Error, string])[] = [
    [s3Error('NoSuchBucket', 404), "CLOUDREPO_S3_BUCKET: there is no bucket 'house'"],
    [s3Error('AccessDenied', 403), "The credentials may not list the bucket 'house': the policy of the house is missing"],
    [s3Error('ExpiredToken', 400), 'The credentials for S3 have expired'],
    [s3Error('InvalidToken', 400), 'The session token for S3 is not valid'],
    [
      s3Error('SignatureDoesNotMatch', 403),
      "The store refuses the secret key (AWS_SECRET_ACCESS_KEY or the SDK's other sources)",
    ],
    [s3Error('RequestTimeTooSkewed', 403), "This machine's clock differs from the store's by more than 15 minutes"],
    [
      s3Error('CredentialsProviderError'),
      "There are no credentials for S3: AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or another of the SDK's sources",
    ],
    [
      s3Error('PermanentRedirect', 301, { $response: { headers: { 'x-amz-bucket-region': 'us-west-2' } } }),
      "CLOUDREPO_S3_REGION: the bucket 'house' does not lie in eu-central-1, but in us-west-2",
    ],
    [s3Error('AuthorizationHeaderMalformed', 400), "CLOUDREPO_S3_REGION: the bucket 'house' does not lie in eu-central-1"],
    [new Error('Region is missing'), 'CLOUDREPO_S3_REGION is missing'],
    [brokenOff(), 'The blob store does not answer (ECONNRESET)'],
    [s3Error('SlowDown', 503), 'The blob store does not answer (SlowDown)'],
  ]
  for (const [thrown, sentence] of sentences)
    it(`at the start is told as: ${sentence}`, async () => {
      const client = { send: () => Promise.reject(thrown), destroy() {} } as unknown as S3Sender
      const told = await failure(new S3Bucket(client, place, quickCalls()).check())
      expect([told.kind, told.message]).to.deep.equal(['unavailable', sentence])
    })

  it('says whether the call may have been carried out, and whether it helps to send it again', () => {
    const kinds = (errors: readonly Error[]) => [...new Set(errors.map(s3FailureOf))]
    expect(
      kinds([
        s3Error('SlowDown', 503),
        s3Error('ServiceUnavailable', 503),
        s3Error('ConditionalRequestConflict', 409),
        s3Error('BadDigest', 400),
      ]),
    ).to.deep.equal(['busy'])
    expect(
      kinds([brokenOff(), s3Error('InternalError', 500), s3Error('TimeoutError'), s3Error('BadGateway', 502)]),
    ).to.deep.equal(['unknown'])
    expect(
      kinds([s3Error('Error', undefined, { code: 'ECONNREFUSED' }), s3Error('Error', undefined, { code: 'ENOTFOUND' })]),
    ).to.deep.equal(['unsent'])
    expect(
      kinds([
        s3Error('PreconditionFailed', 412),
        s3Error('NoSuchKey', 404),
        s3Error('AccessDenied', 403),
        s3Error('NotImplemented', 501),
      ]),
    ).to.deep.equal(['answer'])
  })

  it('tells a client when to come back, spread so that not all come at once', () => {
    const waits = new Set(Array.from({ length: 200 }, () => noBlobAnswer(brokenOff()).retryAfter ?? 0))
    expect([Math.min(...waits) >= 2, Math.max(...waits) <= 30, waits.size > 10]).to.deep.equal([true, true, true])
  })
})
