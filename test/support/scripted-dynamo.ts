import { Circuit } from '../../core/storage/drivers/circuit.js'
import { DynamoCalls, type DynamoPace, dynamoPace } from '../../core/storage/drivers/dynamodb-calls.js'
import type { DynamoClient } from '../../core/storage/drivers/dynamodb-client.js'
import { DynamoMetadataStore } from '../../core/storage/drivers/dynamodb-metadata-store.js'
import { RetryBudget } from '../../core/storage/drivers/retry-budget.js'

export interface DynamoCall {
  /** 'GetItem', 'TransactWriteItems'. */
  readonly name: string
  // biome-ignore lint/suspicious/noExplicitAny: inputs of every command, looked into by tests.
  readonly input: any
}
/** What the service answers, throws, or never says: until the call is given up. */
export type Script = (call: DynamoCall, count: number) => object | Promise<object>

/** A service that answers as a test says, for what a real one cannot be made to answer. */
export class ScriptedDynamo {
  readonly calls: DynamoCall[] = []
  /** Of calls that were given up. */
  aborted = 0

  constructor(private readonly script: Script) {}

  get client(): DynamoClient {
    const send = async (command: object, options: { abortSignal: AbortSignal }): Promise<object> => {
      const call: DynamoCall = {
        name: command.constructor.name.replace(/Command$/, ''),
        input: (command as { input: unknown }).input,
      }
      this.calls.push(call)
      const answer = this.script(call, this.calls.length)
      return Promise.race([answer, this.givenUp(options.abortSignal)])
    }
    return { send, destroy() {} } as unknown as DynamoClient
  }

  /** Names of the calls, in order. */
  get names(): readonly string[] {
    return this.calls.map(({ name }) => name)
  }

  private givenUp(signal: AbortSignal): Promise<never> {
    return new Promise((_, reject) => {
      signal.addEventListener('abort', () => {
        this.aborted++
        reject(Object.assign(new Error('Request aborted'), { name: 'AbortError' }))
      })
    })
  }
}

/** An error as the SDK throws it, or Node. */
export function sdkError(name: string, more: object = {}): Error {
  return Object.assign(new Error(`${name}.`), { name, ...more })
}
/** Of each mutation: undefined where it was not the reason. */
export function cancelled(...reasons: readonly (string | { Code: string; Item?: object } | undefined)[]): Error {
  return sdkError('TransactionCanceledException', {
    CancellationReasons: reasons.map((reason) => (typeof reason === 'object' ? reason : { Code: reason ?? 'None' })),
  })
}
export const silence = (): Promise<object> => new Promise(() => {})

/** A connection that broke: nobody knows what became of the call. */
export const reset = (): Error => sdkError('Error', { code: 'ECONNRESET' })

export interface ScriptedParts {
  readonly pace?: Partial<DynamoPace>
  readonly budget?: RetryBudget
  readonly circuit?: Circuit
}
/** A store over it that hardly waits between attempts. */
export function scriptedStore(
  script: Script,
  { pace = {}, budget = new RetryBudget(), circuit = new Circuit() }: ScriptedParts = {},
) {
  const service = new ScriptedDynamo(script)
  const calls = new DynamoCalls({ ...dynamoPace, pause: 1, ...pace }, budget, circuit)
  return { service, store: new DynamoMetadataStore(service.client, 'names', calls) }
}
/** Throws these, one after the other, then answers. */
export const thrower =
  (...errors: readonly Error[]): Script =>
  (_, count) => {
    const error = errors[count - 1]
    if (error) throw error
    return {}
  }
