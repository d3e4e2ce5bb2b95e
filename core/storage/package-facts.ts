import type { JsonObject } from '../runtime/json.js'

/** What a file says about itself, or what search and pages show of a package: small, plain, in house words where there is one. */
export type PackageFacts = JsonObject & {
  readonly name?: string
  readonly version?: string
  /** The version a reader would take today. */
  readonly latest?: string
  readonly description?: string
  readonly license?: string
  readonly homepage?: string
  readonly keywords?: readonly string[]
}
