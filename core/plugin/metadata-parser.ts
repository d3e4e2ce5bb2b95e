import type { Bytes } from '../storage/bytes.js'
import type { PackageFacts } from '../storage/package-facts.js'

/** Reads what a file says about itself: pure, within the budget of security guide 3.6. `context.parse` runs it when the handler wants
 *  the answer first; a commit runs it for claimed paths otherwise; reindex runs it again. Plain data in and out, so that it can move to a worker. */
export interface MetadataParser {
  claims(path: string): boolean
  /** Throws `invalid` or `unprocessable` when the file contradicts its own format; the commit is then refused. */
  parse(content: Bytes, path: string): Promise<PackageFacts>
}
