import type { Readable } from 'node:stream'
import { invalid, tooLarge, unsupported } from '../errors/registry-error.js'
import type { Stage } from '../storage/staging.js'
import type { HouseRequest } from './house-request.js'
import { readJsonWithBlobs } from './json-blob-scanner.js'
import { jsonBudget, parseStrictJson, readWithin } from './json-body.js'
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

  header(name: string): string | undefined {
    return this.#house.header(name)
  }

  async json(limit: number = jsonLimit): Promise<unknown> {
    this.#refuseCoding()
    const { contentLength } = this.#house
    if (contentLength !== undefined && contentLength > limit) {
      throw tooLarge(`The request body is larger than ${limit} bytes`, { detail: { limit } })
    }
    return parseStrictJson(await readWithin(this.#house.body(), limit), jsonBudget)
  }

  async jsonWithBlobs(
    isBlob: (path: readonly string[]) => boolean,
    stage: Stage,
    limits: BlobJsonLimits,
  ): Promise<JsonWithBlobs> {
    this.#refuseCoding()
    return await readJsonWithBlobs(this.#house.body(), isBlob, stage, limits)
  }

  async form(stage: Stage, limits: FormLimits = {}): Promise<Form> {
    this.#refuseCoding()
    return await this.#house.form(stage, { ...formLimits, ...limits })
  }

  #refuseCoding(): void {
    const coding = this.#house.header('content-encoding')
    if (coding !== undefined && coding.trim().toLowerCase() !== 'identity') {
      throw unsupported('An encoded request body is not taken here')
    }
  }
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
