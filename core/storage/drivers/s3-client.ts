import { Agent } from 'node:http'
import { Agent as SecureAgent } from 'node:https'
import { S3Client, type S3ClientConfig } from '@aws-sdk/client-s3'

export interface S3Place {
  readonly bucket: string
  /** Before every key: '' or 'some/folder/'. */
  readonly prefix?: string
  /** Without: the SDK's own chain, as for credentials. */
  readonly region?: string
  /** 'http://127.0.0.1:9000': another service that speaks the same protocol. */
  readonly endpoint?: string
  /** The bucket in the path and not in the host name: what most look-alikes want. */
  readonly pathStyle?: boolean
  readonly credentials?: { readonly accessKeyId: string; readonly secretAccessKey: string; readonly sessionToken?: string }
}

/** The part of the SDK's client that the driver uses; tests script it. */
export type S3Sender = Pick<S3Client, 'send' | 'destroy'>

/** Calls that are answered at once, and bodies that go on as long as whoever reads them: a slow reader takes no place from a call. */
export const s3Calls = 64
export const s3Bodies = 256

const silent = { trace() {}, debug() {}, info() {}, warn() {}, error() {} }

/** Every limit is said (security guide 1.8). The driver repeats calls itself: each repeat needs a new body, and a look whether it is still needed. */
export function openS3Client({ region, endpoint, pathStyle = false, credentials }: S3Place): S3Client {
  const sockets = { keepAlive: true, maxSockets: s3Calls + s3Bodies, maxFreeSockets: s3Calls }
  const config: S3ClientConfig = {
    forcePathStyle: pathStyle,
    maxAttempts: 1,
    // Each upload carries its own CRC-32; what is read is sealed, or held against its digest.
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
    // Would take a socket outside the limits for each.
    expectContinueHeader: false,
    logger: silent,
    // Silence is watched by the driver: an attempt that has no answer, a body that stands still while somebody waits for it.
    requestHandler: {
      connectionTimeout: 3_000,
      socketTimeout: 0,
      httpAgent: new Agent(sockets),
      httpsAgent: new SecureAgent(sockets),
    },
  }
  return new S3Client({
    ...config,
    ...(region === undefined ? {} : { region }),
    ...(endpoint === undefined ? {} : { endpoint }),
    ...(credentials === undefined ? {} : { credentials }),
  })
}
