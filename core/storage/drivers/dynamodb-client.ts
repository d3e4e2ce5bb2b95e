import { DynamoDBClient, type DynamoDBClientConfig } from '@aws-sdk/client-dynamodb'

export interface DynamoPlace {
  readonly table: string
  /** Without: the SDK's own chain, as for credentials. */
  readonly region?: string
  /** 'http://127.0.0.1:8000': another service that speaks the same protocol. */
  readonly endpoint?: string
  /** Days that the table can be taken back, where it is made here: up to 35, which is the service's own. */
  readonly recoveryDays?: number
}

/** The part of the SDK's client that the driver uses; tests script it. */
export type DynamoClient = Pick<DynamoDBClient, 'send' | 'destroy'>

export const dynamoSockets = 64

/** Every limit is said (security guide 1.8). The driver repeats calls itself: what may be repeated depends on what the call was. */
export function openDynamoClient({ region, endpoint }: DynamoPlace, more: DynamoDBClientConfig = {}): DynamoDBClient {
  const agent = { keepAlive: true, maxSockets: dynamoSockets }
  return new DynamoDBClient({
    ...(region === undefined ? {} : { region }),
    ...(endpoint === undefined ? {} : { endpoint }),
    maxAttempts: 1,
    requestHandler: { connectionTimeout: 3_000, socketTimeout: 30_000, httpAgent: agent, httpsAgent: agent },
    ...more,
  })
}
