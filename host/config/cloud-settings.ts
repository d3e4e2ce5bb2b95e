import { z } from '#core'

const endpoint = z.string().transform((text, context): string => {
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (url && /^https?:$/.test(url.protocol) && url.href === `${url.origin}/`) return url.origin
  context.addIssue({ code: 'custom', message: 'an http or https address without path, credentials and query is expected' })
  return z.NEVER
})
const region = z.string().regex(/^[A-Za-z0-9-]{1,63}$/, 'a region is expected, such as eu-central-1')

/** Where the stores of many nodes lie. Credentials are found by the SDK's own chain and stand in no file of the house. */
export const cloudShape = {
  s3Bucket: z
    .string()
    .regex(/^[A-Za-z0-9][A-Za-z0-9._-]{2,254}$/, 'the name of a bucket is expected')
    .optional(),
  s3Prefix: z
    .string()
    .regex(/^([a-z0-9_][a-z0-9_.-]*\/)+$/, "folders with a slash behind each are expected, such as 'house/'")
    .optional(),
  s3Endpoint: endpoint.optional(),
  s3Region: region.optional(),
  s3PathStyle: z.enum(['on', 'off']).default('off'),
  dynamodbTable: z
    .string()
    // The keys lie in a table of their own, '…-keys'; a name has 255 characters at most.
    .regex(/^[A-Za-z0-9_.-]{3,250}$/, 'the name of a table is expected')
    .optional(),
  dynamodbEndpoint: endpoint.optional(),
  dynamodbRegion: region.optional(),
}

type CloudSettings = z.infer<z.ZodObject<typeof cloudShape>>
interface StoreSettings extends CloudSettings {
  readonly blobs: 'files' | 's3'
  readonly metadata: 'embedded' | 'dynamodb'
  readonly rootKey?: string | undefined
}

/** What contradicts or lacks in what was chosen: the name of a setting, and why. */
export function wrongStores(settings: StoreSettings): readonly (readonly [setting: string, why: string])[] {
  const { blobs, metadata, s3Bucket, dynamodbTable, rootKey } = settings
  return [
    ...(blobs === 's3' && s3Bucket === undefined ? [['blobs', 'CLOUDREPO_S3_BUCKET is missing beside it'] as const] : []),
    ...(metadata === 'dynamodb' && dynamodbTable === undefined
      ? [['metadata', 'CLOUDREPO_DYNAMODB_TABLE is missing beside it'] as const]
      : []),
    ...(metadata === 'dynamodb' && blobs !== 's3'
      ? [['metadata', 'dynamodb wants CLOUDREPO_BLOBS=s3 beside it: files are of one machine'] as const]
      : []),
    ...(metadata === 'dynamodb' && rootKey === undefined
      ? [['metadata', 'CLOUDREPO_ROOT_KEY is missing beside it: every node needs the same key'] as const]
      : []),
  ]
}

export function s3PlaceOf({ s3Bucket, s3Prefix, s3Endpoint, s3Region, s3PathStyle }: CloudSettings) {
  if (s3Bucket === undefined) return {}
  return {
    s3: {
      bucket: s3Bucket,
      pathStyle: s3PathStyle === 'on',
      ...(s3Prefix === undefined ? {} : { prefix: s3Prefix }),
      ...(s3Endpoint === undefined ? {} : { endpoint: s3Endpoint }),
      ...(s3Region === undefined ? {} : { region: s3Region }),
    },
  }
}

/** `suffix`: of another table beside it. */
export function dynamodbPlaceOf({ dynamodbTable, dynamodbEndpoint, dynamodbRegion }: CloudSettings, suffix: '' | '-keys' = '') {
  if (dynamodbTable === undefined) return {}
  return {
    dynamodb: {
      table: dynamodbTable + suffix,
      // Longer, and an organization that was shredded could come back.
      ...(suffix === '-keys' ? { recoveryDays: 7 } : {}),
      ...(dynamodbEndpoint === undefined ? {} : { endpoint: dynamodbEndpoint }),
      ...(dynamodbRegion === undefined ? {} : { region: dynamodbRegion }),
    },
  }
}
