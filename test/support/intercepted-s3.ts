import type { S3Client } from '@aws-sdk/client-s3'
import { RetryBudget } from '../../core/storage/drivers/retry-budget.js'
import { S3Calls, type S3Pace, s3Pace } from '../../core/storage/drivers/s3-calls.js'
import type { S3Sender } from '../../core/storage/drivers/s3-client.js'

export interface S3Call {
  /** 'PutObject', 'UploadPart'. */
  readonly name: string
  // biome-ignore lint/suspicious/noExplicitAny: inputs of every command, looked into by tests.
  readonly input: any
  /** Of its name, from 1. */
  readonly count: number
  /** Given up by the driver. */
  readonly signal: AbortSignal
}
// biome-ignore lint/suspicious/noExplicitAny: answers of every command, changed by tests.
export type Intercept = (call: S3Call, send: () => Promise<any>) => Promise<unknown>

/** Between the driver and a real service: what that cannot be made to do. */
export class InterceptedS3 {
  readonly calls: S3Call[] = []

  constructor(private readonly intercept: Intercept = (_, send) => send()) {}

  readonly client = (real: S3Client): S3Sender => {
    const send = (command: object, { abortSignal }: { abortSignal: AbortSignal }): Promise<unknown> => {
      const name = command.constructor.name.replace(/Command$/, '')
      const count = this.calls.filter((call) => call.name === name).length + 1
      const call: S3Call = { name, input: (command as { input: unknown }).input, count, signal: abortSignal }
      this.calls.push(call)
      return this.intercept(call, () => real.send(command as never, { abortSignal }))
    }
    return { send, destroy: () => real.destroy() } as unknown as S3Sender
  }

  /** Names of the calls, in order. */
  get names(): readonly string[] {
    return this.calls.map(({ name }) => name)
  }
}

/** Calls that hardly wait between attempts, with a budget of their own. */
export const quickCalls = (pace: Partial<S3Pace> = {}, budget = new RetryBudget()) =>
  new S3Calls({ ...s3Pace, pause: 1, ...pace }, budget)

/** An error as the SDK throws it, or Node. */
export function s3Error(name: string, status?: number, more: object = {}): Error {
  return Object.assign(new Error(`${name}.`), {
    name,
    ...(status === undefined ? {} : { $metadata: { httpStatusCode: status } }),
    ...more,
  })
}
/** A connection that broke: nobody knows what became of the call. */
export const brokenOff = (): Error => s3Error('Error', undefined, { code: 'ECONNRESET' })
