import type { IncomingHttpHeaders } from 'node:http'
import { pipeline, type Readable } from 'node:stream'
import type { Request, Response } from 'express'
import multer from 'multer'
import { type Form, type FormFile, type FormLimits, invalid, RegistryError, type Stage, type StagedBlob, tooLarge } from '#core'
import { type BusboyEvents, partFailures } from './multipart-failures.js'
import { watchPartHeaders } from './part-headers.js'

const stalledAfter = 30_000
/** All text of a form together. */
const leastText = 8 * 1024 * 1024
/** multer builds objects out of names such as `a[b][3]`; nobody here reads them. */
const nesting = { fieldNestingDepth: 4, fieldArrayIndexLimit: 1_000 }

/** Reads a multipart body: files go to `stage` as they arrive, in any order, whatever their field. Throws `invalid` on a malformed form, `too-large` past a
 *  limit, and whatever `stage` threw, after every staging has come to its end. */
export function parseForm(body: Readable, headers: IncomingHttpHeaders, stage: Stage, limits: FormLimits): Promise<Form> {
  return new FormReading(body, stage, limits).read(headers)
}

class FormReading {
  readonly #body: Readable
  readonly #stage: Stage
  readonly #limits: Required<FormLimits>
  readonly #fields = new Map<string, string[]>()
  readonly #files: FormFile[] = []
  readonly #stagings = new Set<Promise<StagedBlob>>()
  #text = 0
  #begun = 0
  #failure: { readonly error: unknown } | undefined
  #failed: (() => void) | undefined
  #watch: NodeJS.Timeout | undefined

  constructor(body: Readable, stage: Stage, limits: FormLimits) {
    this.#body = body
    this.#stage = stage
    this.#limits = { files: limits.files ?? 1, fields: limits.fields ?? 400, fieldSize: limits.fieldSize ?? 64 * 1024 }
  }

  async read(headers: IncomingHttpHeaders): Promise<Form> {
    if (!/^multipart\/form-data *(?:;|$)/i.test(headers['content-type'] ?? ''))
      throw invalid('A multipart/form-data body is expected')
    const request = Object.assign(this.#body, {
      headers: { 'content-type': headers['content-type'], 'transfer-encoding': 'chunked' },
    }) as unknown as Request
    const finished = new Promise<void>((resolve) => {
      this.#failed = resolve
      this.#parser()(request, {} as Response, (error?: unknown) => {
        if (error) this.#fail(partFailures.fromParser(error))
        resolve()
      })
    })
    try {
      await finished
      await Promise.allSettled(this.#stagings)
    } finally {
      clearTimeout(this.#watch)
    }
    if (this.#failure) throw this.#failure.error
    return { fields: this.#fields, files: this.#files }
  }

  #parser() {
    const { files, fields, fieldSize } = this.#limits
    return multer({
      storage: {
        _handleFile: (_request, file, callback) => this.#take(file, callback),
        // What was staged is dropped with its context.
        _removeFile: (_request, _file, callback) => callback(null),
      },
      limits: { files, fields, fieldSize, parts: files + fields, fieldNameSize: 200, ...nesting } as object,
      preservePath: true,
      defParamCharset: 'utf8',
      // The type lacks it; multer 2.5 hands over its parser, whose events tell of a failure before the rest of the body is read.
      ...{
        fileHwm: 256 * 1024,
        highWaterMark: 256 * 1024,
        streamHandler: (_request: Request, parser: BusboyEvents) => this.#feed(parser),
      },
    }).any()
  }

  #feed(parser: BusboyEvents): void {
    watchPartHeaders(parser, (error) => this.#fail(error))
    parser.on('field', (name, value, info) => {
      this.#stir()
      const failure = partFailures.ofField(name, info)
      this.#text += value.length
      if (failure) this.#fail(failure)
      else if (this.#text > Math.max(leastText, 2 * this.#limits.fieldSize))
        this.#fail(tooLarge('The text of the form is too long'))
      else if (this.#fields.has(name as string)) this.#fields.get(name as string)?.push(value)
      else this.#fields.set(name as string, [value])
    })
    parser.on('file', (name, file, info) => {
      this.#stir()
      const failure = partFailures.ofFile(name, info)
      if (failure) this.#fail(failure)
      file.on('close', () => this.#stir())
    })
    parser.on('partsLimit', () => this.#fail(tooLarge('The form has too many parts')))
    parser.on('filesLimit', () => this.#fail(tooLarge('The form has too many files')))
    parser.on('fieldsLimit', () => this.#fail(tooLarge('The form has too many fields')))
    this.#body.on('data', () => this.#stir())
    this.#stir()
    pipeline(this.#body, parser as unknown as NodeJS.WritableStream, (error) => {
      if (error) this.#fail(partFailures.fromParser(error))
    })
  }

  #take(file: Express.Multer.File, callback: (error?: unknown, info?: Partial<Express.Multer.File>) => void): void {
    const place = this.#begun++
    const staging = this.#stage(file.stream)
    this.#stagings.add(staging)
    staging.then(
      (blob) => {
        this.#stagings.delete(staging)
        this.#stir()
        // RFC 7578 section 4.4: a part without a type is text/plain, and the parser does not tell them apart.
        const contentType = file.mimetype === 'text/plain' ? undefined : file.mimetype
        this.#files[place] = { field: file.fieldname, filename: file.originalname, contentType, blob }
        callback(null, {})
      },
      (error: unknown) => {
        this.#stagings.delete(staging)
        this.#fail(this.#failure === undefined && !(error instanceof RegistryError) ? partFailures.fromParser(error) : error)
        callback(error)
      },
    )
  }

  /** The first failure counts. Nothing more is read: the parser and every file stream end with it. */
  #fail(error: unknown): void {
    if (this.#failure) return
    this.#failure = { error }
    clearTimeout(this.#watch)
    this.#body.destroy(error instanceof Error ? error : new Error('The form failed'))
    this.#failed?.()
  }

  /** A parser that stopped to say anything (while no staging is at work behind it) would hold the request for ever. */
  #stir(): void {
    clearTimeout(this.#watch)
    if (this.#failure) return
    this.#watch = setTimeout(() => {
      if (this.#stagings.size > 0 && this.#body.readableEnded) this.#stir()
      else this.#fail(invalid('The form stopped coming', { detail: { code: 'upload.slow' } }))
    }, stalledAfter).unref()
  }
}
