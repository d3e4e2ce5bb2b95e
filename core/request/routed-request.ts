import type { Readable } from 'node:stream'
import { invalid, tooLarge, unsupported } from '../errors/registry-error.js'
import type { Stage } from '../storage/staging.js'
import type { HouseRequest } from './house-request.js'
import { blobsAtMost, readJsonWithBlobs } from './json-blob-scanner.js'
import { type JsonBudget, jsonBudget, parseStrictJson, readWithin } from './json-body.js'
import type { BlobJsonLimits, Form, FormLimits, JsonWithBlobs, ProtocolRequest } from './protocol-request.js'

const jsonLimit = 1024 * 1024
const formLimits: Required<FormLimits> = { files: 1, fields: 400, fieldSize: 64 * 1024 }

/** A host's request as a handler sees it, once the path has been parsed and a route found. */
export class RoutedRequest implements ProtocolRequest {
  readonly method: string
  readonly id: string
  readonly #house: HouseRequest
  readonly #rawQuery: string
  #query: URLSearchParams | undefined
  /** Set once it is known who asks. */
  charged: ((count: number) => void) | undefined

  constructor(
    house: HouseRequest,
    rawQuery: string,
    readonly path: string,
    readonly params: Readonly<Record<string, string>> = {},
  ) {
    this.#house = house
    this.#rawQuery = rawQuery
    this.method = house.method
    this.id = house.id
  }

  /** Throws `invalid` where it is not UTF-8. */
  get query(): URLSearchParams {
    this.#query ??= parseQuery(this.#rawQuery)
    return this.#query
  }

  get body(): Readable {
    return this.#house.body()
  }

  charge(count: number): void {
    this.charged?.(count)
  }

  header(name: string): string | undefined {
    return this.#house.header(name)
  }

  trailer(name: string): string | undefined {
    return this.#house.trailer(name)
  }

  async json(limit: number = jsonLimit, budget: JsonBudget = jsonBudget): Promise<unknown> {
    this.#refuseCoding()
    this.#refuseLength(limit)
    return parseStrictJson(await readWithin(this.#house.body(), limit), budget)
  }

  async jsonWithBlobs(
    isBlob: (path: readonly string[]) => boolean,
    stage: Stage,
    limits: BlobJsonLimits,
  ): Promise<JsonWithBlobs> {
    this.#refuseCoding()
    this.#refuseLength(largestJson(limits))
    return await readJsonWithBlobs(this.#house.body(), isBlob, stage, limits)
  }

  async form(stage: Stage, limits: FormLimits = {}): Promise<Form> {
    this.#refuseCoding()
    const whole = { ...formLimits, ...limits }
    this.#refuseLength(stage.limit === undefined ? undefined : largestForm(whole, stage.limit))
    return await this.#house.form(stage, whole)
  }

  /** Nobody is asked for a body that will be refused for its length. */
  #refuseLength(limit: number | undefined): void {
    const { contentLength } = this.#house
    if (contentLength !== undefined && limit !== undefined && contentLength > limit)
      throw tooLarge(`The request body is larger than ${limit} bytes`, { detail: { limit } })
  }

  #refuseCoding(): void {
    const coding = this.#house.header('content-encoding')
    if (coding !== undefined && coding.trim().toLowerCase() !== 'identity') {
      throw unsupported('An encoded request body is not taken here')
    }
  }
}

/** No client escapes base64, and one that escaped every character of it would send twice as much. */
function largestJson({ text, blob, blobs = blobsAtMost, omit }: BlobJsonLimits): number {
  return text + (omit?.most ?? 0) + blobs * 2 * Math.ceil((blob * 4) / 3)
}

/** Above what any reader of the form takes: its files, three bytes a character of its text, and the headers of its parts. */
function largestForm({ files, fields, fieldSize }: Required<FormLimits>, file: number): number {
  return files * file + 3 * Math.max(8 * 1024 * 1024, 2 * fieldSize) + (files + fields) * 40 * 1024
}

/** 50 parameters and 4 KiB at most, which the parser of the target has seen to. */
function parseQuery(raw: string): URLSearchParams {
  if (raw.includes('%')) {
    try {
      decodeURIComponent(raw.replaceAll(/%(?![0-9A-Fa-f]{2})/g, '%25'))
    } catch {
      throw invalid('Malformed query: not UTF-8', { detail: { code: 'query' } })
    }
  }
  return new URLSearchParams(raw)
}
