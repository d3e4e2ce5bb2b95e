import { z } from '#core'
import { bareAddress } from '../mail/bare-address.js'
import { type MailRoute, parseMailUrl } from '../mail/mail-url.js'
import { parseNetworks } from '../server/caller.js'
import type { ListenAddress } from '../server/listener.js'
import { cloudShape, wrongStores } from './cloud-settings.js'

const bytes = (ceiling: number) => z.number().int().min(0).max(ceiling)
const upTo = (ceiling: number) => z.number().int().min(0).max(ceiling)
const GiB = 1024 ** 3

const listen = z.string().transform((text, context): ListenAddress => {
  const [, bracketed, plain, port = ''] = /^(?:\[([0-9a-fA-F:.]+)\]|([^:\s]+)):(\d{1,5})$/.exec(text) ?? []
  const host = bracketed ?? plain
  if (host !== undefined && Number(port) <= 65_535) return { host, port: Number(port) }
  context.addIssue({ code: 'custom', message: 'host:port is expected, such as 127.0.0.1:8080' })
  return z.NEVER
})

const publicUrl = z.string().transform((text, context): URL => {
  const url = URL.canParse(text) ? new URL(text) : undefined
  const plain =
    url && /^https?:$/.test(url.protocol) && url.username === '' && url.password === '' && url.search === '' && url.hash === ''
  if (url && plain) {
    if (!url.pathname.endsWith('/')) url.pathname += '/'
    return url
  }
  context.addIssue({ code: 'custom', message: 'an http or https address without credentials, query and fragment is expected' })
  return z.NEVER
})

const networks = z.array(z.string()).superRefine((texts, context) => {
  try {
    parseNetworks(texts)
  } catch (error) {
    context.addIssue({ code: 'custom', message: (error as Error).message })
  }
})

const mailUrl = z.string().transform((text, context): MailRoute => {
  try {
    return parseMailUrl(text)
  } catch (error) {
    context.addIssue({ code: 'custom', message: (error as Error).message })
    return z.NEVER
  }
})
/** A bare address: what stands there is the sender of the envelope too. */
const mailFrom = z.string().regex(bareAddress, 'an address such as cloudrepo@example.com is expected')

/** What is set in bytes or days; zero means zero. The ceilings are security guide 3.6's. */
const limits = z.strictObject({
  maxArtifactSize: z.exactOptional(bytes(100 * GiB)),
  contentCache: z.exactOptional(bytes(4 * GiB)),
  documentCache: z.exactOptional(bytes(4 * GiB)),
  searchesPerMinute: z.exactOptional(upTo(1_000_000)),
  auditsPerMinute: z.exactOptional(upTo(1_000_000)),
  scimRequestsPerSecond: z.exactOptional(upTo(100_000)),
  undoDays: z.exactOptional(upTo(365)),
  keepVersions: z.exactOptional(upTo(1_000)),
  sweepHours: z.exactOptional(
    z
      .number()
      .int()
      .min(1)
      .max(24 * 28),
  ),
  sweepGraceHours: z.exactOptional(upTo(24 * 28)),
  strayDays: z.exactOptional(upTo(365)),
  blobDeleteDelayDays: z.exactOptional(upTo(365)),
  backupRetentionDays: z.exactOptional(upTo(365)),
  sweepBlobPercent: z.exactOptional(upTo(100)),
  sweepBytePercent: z.exactOptional(upTo(100)),
  sweepFloorBlobs: z.exactOptional(upTo(1_000_000)),
  auditDays: z.exactOptional(z.number().int().min(1).max(3_650)),
  clockSkewSeconds: z.exactOptional(upTo(86_400)),
})

/** The shape of `cloudrepo.json`. Unknown names and values whose part is not built are refused, never passed over. */
const shape = z.strictObject({
  listen: listen.default({ host: '127.0.0.1', port: 8080 }),
  publicUrl: publicUrl.optional(),
  trustedProxies: networks.default([]),
  data: z.string().min(1).default('./data'),
  rootKey: z.string().min(1).optional(),
  workers: z
    .literal(
      Array.from({ length: 64 }, (_, at) => at + 1),
      'a number of processes from 1 to 64 is expected',
    )
    .default(1),
  blobs: z.enum(['files', 's3']).default('files'),
  metadata: z.enum(['embedded', 'dynamodb']).default('embedded'),
  ...cloudShape,
  sample: z.enum(['on', 'off']).default('on'),
  plugins: z
    .array(z.string().min(1))
    .min(1)
    .refine((names) => new Set(names).size === names.length, 'a plugin is named twice')
    .default(['maven', 'npm', 'pypi', 'raw', 'scim', 'api']),
  passwordScheme: z.enum(['pbkdf2-blake2b512', 'argon2id']).default('pbkdf2-blake2b512'),
  passwordBlocklist: z.string().min(1).optional(),
  logLevel: z.enum(['debug', 'info', 'warn', 'error']).default('info'),
  encryption: z.strictObject({ artifacts: z.enum(['app', 'off']).default('app') }).default({ artifacts: 'app' }),
  tlsCert: z.string().min(1).optional(),
  tlsKey: z.string().min(1).optional(),
  metrics: listen.optional(),
  mailUrl: mailUrl.default({ kind: 'console' }),
  mailFrom: mailFrom.optional(),
  limits: limits.default({}),
})
export const settingsShape = shape.superRefine((settings, context) => {
  const { tlsCert, tlsKey, mailUrl, mailFrom } = settings
  for (const [name, message] of wrongStores(settings)) context.addIssue({ code: 'custom', path: [name], message })
  if (mailUrl.kind === 'smtp' && mailFrom === undefined)
    context.addIssue({ code: 'custom', path: ['mailUrl'], message: 'CLOUDREPO_MAIL_FROM is missing beside it' })
  if ((tlsCert === undefined) === (tlsKey === undefined)) return
  const [given, missing] = tlsCert === undefined ? ['tlsKey', 'CLOUDREPO_TLS_CERT'] : ['tlsCert', 'CLOUDREPO_TLS_KEY']
  context.addIssue({ code: 'custom', path: [given], message: `${missing} is missing beside it` })
})
export type Settings = z.infer<typeof settingsShape>

const list = (text: string) => text.split(',').map((item) => item.trim()) // an empty item is refused with the rest
const text = (value: string) => value
const number = (value: string) => (/^\d+$/.test(value) ? Number(value) : value)

/** From the environment to names of the shape, and how the text is read. */
export const environmentNames: Readonly<
  Record<string, { readonly name: keyof Settings; readonly read: (text: string) => unknown }>
> = {
  CLOUDREPO_LISTEN: { name: 'listen', read: text },
  CLOUDREPO_PUBLIC_URL: { name: 'publicUrl', read: text },
  CLOUDREPO_TRUSTED_PROXIES: { name: 'trustedProxies', read: list },
  CLOUDREPO_DATA: { name: 'data', read: text },
  CLOUDREPO_ROOT_KEY: { name: 'rootKey', read: text },
  CLOUDREPO_WORKERS: { name: 'workers', read: number },
  CLOUDREPO_BLOBS: { name: 'blobs', read: text },
  CLOUDREPO_METADATA: { name: 'metadata', read: text },
  CLOUDREPO_S3_BUCKET: { name: 's3Bucket', read: text },
  CLOUDREPO_S3_PREFIX: { name: 's3Prefix', read: text },
  CLOUDREPO_S3_ENDPOINT: { name: 's3Endpoint', read: text },
  CLOUDREPO_S3_REGION: { name: 's3Region', read: text },
  CLOUDREPO_S3_PATH_STYLE: { name: 's3PathStyle', read: text },
  CLOUDREPO_DYNAMODB_TABLE: { name: 'dynamodbTable', read: text },
  CLOUDREPO_DYNAMODB_ENDPOINT: { name: 'dynamodbEndpoint', read: text },
  CLOUDREPO_DYNAMODB_REGION: { name: 'dynamodbRegion', read: text },
  CLOUDREPO_SAMPLE: { name: 'sample', read: text },
  CLOUDREPO_PLUGINS: { name: 'plugins', read: list },
  CLOUDREPO_TLS_CERT: { name: 'tlsCert', read: text },
  CLOUDREPO_TLS_KEY: { name: 'tlsKey', read: text },
  CLOUDREPO_MAIL_URL: { name: 'mailUrl', read: text },
  CLOUDREPO_MAIL_FROM: { name: 'mailFrom', read: text },
  CLOUDREPO_METRICS: { name: 'metrics', read: text },
  CLOUDREPO_PASSWORD_SCHEME: { name: 'passwordScheme', read: text },
  CLOUDREPO_PASSWORD_BLOCKLIST: { name: 'passwordBlocklist', read: text },
  CLOUDREPO_LOG_LEVEL: { name: 'logLevel', read: text },
}
/** Of the command line as a client, of no concern to the server. */
export const clientNames: ReadonlySet<string> = new Set(['CLOUDREPO_URL', 'CLOUDREPO_TOKEN'])
