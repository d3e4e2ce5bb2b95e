import type { Readable } from 'node:stream'
import type { Stage } from '../storage/staging.js'
import type { Form, FormLimits } from './protocol-request.js'

/** One request as the host hands it to the kernel: nothing of it decoded, nothing of its body read. */
export interface HouseRequest {
  readonly id: string
  readonly method: string
  /** The raw request target, path and query, as the client wrote it; a public URL's own path is already cut off. */
  readonly target: string
  /** Lower-case names; several headers of one name joined by ', '. */
  header(name: string): string | undefined
  /** The same of what came behind the body. */
  trailer(name: string): string | undefined
  /** Of the caller, after trusted proxies. */
  readonly address: string
  /** Scheme, host and path that links in the answer begin with; ends in '/'. */
  readonly publicUrl: URL
  /** Host name of the request, lower case, without port: root mounts are found by it. '' where it is none's, and nothing has to be looked up. */
  readonly hostname: string
  /** Told once a route is found, for whoever counts requests by it; nothing was allowed yet. */
  matched?(plugin: string, route: string): void
  /** Declared length of the body: undefined when chunked, 0 without one. */
  readonly contentLength: number | undefined
  /** Asking for it lets the body come (100 Continue). One stream, whoever asks. It fails when the client breaks off. */
  body(): Readable
  /** Multipart by the host's parser; the body is then consumed. */
  form(stage: Stage, limits: FormLimits): Promise<Form>
}
