import { createHash } from 'node:crypto'
import { buffer } from 'node:stream/consumers'
import { inject, injectable } from 'tsyringe'
import { notFound, unavailable } from '../errors/registry-error.js'
import type { PackageIndex, ServedIndex } from '../plugin/package-index.js'
import type { ProtocolRequest } from '../request/protocol-request.js'
import type { Reply } from '../request/reply.js'
import { BoundedMap } from '../runtime/bounded-map.js'
import { ByteCache, type CacheCounts } from '../runtime/byte-cache.js'
import { Limits } from '../runtime/limits.js'
import { SingleFlight } from '../runtime/single-flight.js'
import type { Signatures } from '../signing/signatures.js'
import type { DocumentReader, PackageHead } from '../storage/document-reader.js'
import type { DocumentPlace } from '../storage/stored-document-reader.js'
import { codingOf, entityTagMatches } from './negotiation.js'
import { composed, inCoding, PackedDocument } from './packed-document.js'

/** Stored by clients, but asked about each time. */
const pageHeaders = { vary: 'Accept, Accept-Encoding, Authorization', 'cache-control': 'private, no-cache' }
/** Smaller ones cross the wire in one packet either way. */
const worthCompressing = 1_024
/** So often a document that is written while it is read is written anew when its package changes meanwhile. One more time, and it is served as it was read: with
 *  all that was there before it was asked for, but not of one moment, and kept by nobody. */
const patience = 3
/** Where the tag is of the bytes, each coding has a tag of its own: worth it for what takes long on the wire. */
const worthAnotherTag = 64 * 1_024
/** Of what is kept of each kind, no document takes more: a larger one is kept packed. */
const wholeShare = 1 / 8
const packedShare = 1 / 2

export interface IndexQuery {
  // biome-ignore lint/suspicious/noExplicitAny: a view is opaque to everybody but its index
  readonly index: PackageIndex<any>
  readonly pkg: string
  readonly place: DocumentPlace
  readonly documents: DocumentReader
  readonly base: URL
  readonly signatures: Signatures
  /** Of the organization: how often its signatures became other ones. */
  readonly signingEpoch?: number | undefined
}

/** A document of a plugin's own beside its indexes: a list of projects. */
export interface OwnDocument {
  readonly name: string
  /** Whatever changes when the document does; it becomes part of the ETag, as the flavour does. */
  readonly revision: string
  readonly flavour: string
  /** In pieces of text where it may be large. */
  render(): Promise<{ readonly contentType: string; readonly body: Uint8Array | AsyncIterable<string> }>
}

interface Rendered {
  readonly contentType: string
  readonly body: Uint8Array | PackedDocument
  readonly etag?: string
}
/** Without a key it is kept nowhere: it was read while the package changed. */
interface Answerable {
  readonly key?: string
  readonly rendered: Rendered
}

/** What clients resolve from, rendered once per revision and kept: nothing is ever invalidated, a wrong entry cannot be reached. */
@injectable()
export class DerivedDocuments {
  private readonly kept: ByteCache<Rendered>
  private readonly coded: ByteCache<Uint8Array>
  private readonly rendering = new SingleFlight<Answerable>()
  private readonly coding = new SingleFlight<Uint8Array>()

  private readonly wholeBytes: number

  constructor(@inject(Limits) limits: Limits) {
    const half = limits.documentCache / 2
    this.wholeBytes = half * wholeShare
    this.kept = new ByteCache(half, half * packedShare)
    this.coded = new ByteCache(half, half * packedShare)
  }

  /** Of rendered documents; their coded forms are counted with the bytes. */
  get cached(): CacheCounts {
    const { hits, misses, bytes } = this.kept.counts
    return { hits, misses, bytes: bytes + this.coded.counts.bytes }
  }

  /** Undefined where the package never was, or is gone. One strong read. */
  async find(query: IndexQuery): Promise<ServedIndex | undefined> {
    const head = await query.documents.head(query.pkg)
    if (!head) return undefined
    return {
      revision: revisionOf(query, head.sequence),
      modified: head.modified,
      reply: (flavour, request) => this.reply(query, head, flavour, request),
      rendered: async (flavour) => {
        const { contentType, body } = (await this.rendered(query, head, flavour)).rendered
        return { contentType, body: body instanceof PackedDocument ? await buffer(await body.open()) : body }
      },
    }
  }

  /** A plugin's own document at the revision that it names: 304, or rendered and compressed once. */
  async serve(own: OwnDocument, place: DocumentPlace, base: URL, request: ProtocolRequest): Promise<Reply> {
    const { name, revision, flavour, render } = own
    const etag = weakTag(base, revision, flavour)
    if (entityTagMatches(request.header('if-none-match'), etag)) return { status: 304, headers: pageHeaders, etag }
    const key = keyOf({ place, index: { name }, pkg: '', base }, revision, flavour)
    const held = this.kept.get(key)
    if (held) return this.answer(key, held, request, true)
    const { rendered } = await this.rendering.run(key, async () => {
      const { contentType, body: written } = await render()
      const body = written instanceof Uint8Array ? written : await composed(written, this.wholeBytes)
      return { key, rendered: this.keep(key, { contentType, body, etag }) }
    })
    return this.answer(key, rendered, request, true)
  }

  private async reply(query: IndexQuery, head: PackageHead, flavour: string, request: ProtocolRequest): Promise<Reply> {
    const weak = query.index.etag === 'weak'
    if (weak) {
      const etag = weakTag(query.base, revisionOf(query, head.sequence), flavour)
      if (entityTagMatches(request.header('if-none-match'), etag)) return { status: 304, headers: pageHeaders, etag }
    }
    const { key, rendered } = await this.rendered(query, head, flavour)
    return this.answer(key, rendered, request, weak)
  }

  private async answer(key: string | undefined, rendered: Rendered, request: ProtocolRequest, weak: boolean): Promise<Reply> {
    const { contentType, body, etag } = rendered
    const worth = lengthOf(rendered.body) >= (weak ? worthCompressing : worthAnotherTag)
    const coding = worth ? codingOf(request.header('accept-encoding')) : undefined
    const tagged = weak || coding === undefined ? etag : etag?.replace(/"$/, `-${coding}"`)
    return {
      status: 200,
      headers: {
        'content-type': contentType,
        ...pageHeaders,
        ...(etag === undefined ? { 'cache-control': 'no-store' } : {}),
        ...(coding ? { 'content-encoding': coding } : {}),
      },
      body: coding ? await this.compressed(key, body, coding) : body,
      ...(tagged === undefined ? {} : { etag: tagged }),
    }
  }

  private async rendered(query: IndexQuery, head: PackageHead, flavour: string): Promise<Answerable> {
    const key = keyOf(query, revisionOf(query, head.sequence), flavour)
    const held = this.kept.get(key)
    if (held) return { key, rendered: held }
    return this.rendering.run(key, () => this.render(query, head, flavour))
  }

  /** A commit may move the package while its documents are read: what was read counts only if the head stands where it stood. */
  private async render(query: IndexQuery, seen: PackageHead, flavour: string): Promise<Answerable> {
    const { index, pkg, documents, base } = query
    let head = seen
    for (let attempt = 0; attempt < 20; attempt++) {
      const view = await index.load(pkg, documents, query.signatures)
      const written = view === undefined ? undefined : index.render(view, flavour, base)
      const body =
        written && (written.body instanceof Uint8Array ? written.body : await composed(written.body, this.wholeUpTo(index)))
      const after = await documents.head(pkg)
      if (!after) throw notFound('package', pkg)
      if (after.sequence !== head.sequence) {
        if (attempt >= patience && index.etag === 'weak' && written && !(written.body instanceof Uint8Array) && body)
          return { rendered: { contentType: written.contentType, body } }
        head = after
        continue
      }
      if (written === undefined || body === undefined) throw notFound('package', pkg)
      const key = keyOf(query, revisionOf(query, head.sequence), flavour)
      const etag = tagOf(query, revisionOf(query, head.sequence), flavour, body)
      return { key, rendered: this.keep(key, { contentType: written.contentType, body, etag }) }
    }
    throw unavailable('The package changes too fast to be listed; try again', 1)
  }

  private keep(key: string, rendered: Rendered): Rendered {
    const { body } = rendered
    this.kept.put(key, rendered, (body instanceof PackedDocument ? body.gzip.length : body.length) + key.length)
    return rendered
  }

  /** A tag made from the bytes needs all of them. */
  private wholeUpTo({ etag }: PackageIndex<unknown>): number {
    return etag === 'weak' ? this.wholeBytes : Number.POSITIVE_INFINITY
  }

  private compressed(key: string | undefined, body: Uint8Array | PackedDocument, coding: 'br' | 'gzip'): Promise<Uint8Array> {
    if (body instanceof PackedDocument && coding === 'gzip') return Promise.resolve(body.gzip)
    if (key === undefined) return inCoding(body, coding)
    const codedKey = `${coding} ${key}`
    const held = this.coded.get(codedKey)
    if (held) return Promise.resolve(held)
    return this.coding.run(codedKey, async () => {
      const result = await inCoding(body, coding)
      this.coded.put(codedKey, result, result.length + codedKey.length)
      return result
    })
  }
}

/** Where it carries signatures, other keys make another document of the same commit. */
function revisionOf({ index, signingEpoch }: IndexQuery, sequence: number): string {
  return index.signed && signingEpoch !== undefined ? `${sequence}.${signingEpoch}` : String(sequence)
}

type KeyParts = Pick<IndexQuery, 'pkg' | 'place' | 'base'> & { readonly index: { readonly name: string } }

function keyOf({ index, pkg, place, base }: KeyParts, revision: string, flavour: string): string {
  return [place.organizationId, place.repositoryId, place.plugin, index.name, pkg, revision, flavour, base.href].join('\0')
}

function tagOf(query: IndexQuery, revision: string, flavour: string, body: Rendered['body']): string {
  if (query.index.etag === 'weak' || body instanceof PackedDocument) return weakTag(query.base, revision, flavour)
  return `"${createHash('sha1').update(body).digest('hex')}"`
}

/** By revision, flavour and the address that links begin with: compressed variants share it (RFC 9110 8.8.1). */
function weakTag({ href }: URL, revision: string, flavour: string): string {
  let digest = addresses.get(href)
  if (digest === undefined) {
    digest = createHash('sha256').update(href).digest('hex').slice(0, 8)
    addresses.set(href, digest)
  }
  return `W/"${revision}-${flavour}-${digest}"`
}
/** Of addresses that were asked for lately, whatever the tag: each answer names its own. */
const addresses = new BoundedMap<string, string>(1_000)

function lengthOf(body: Rendered['body']): number {
  return body instanceof PackedDocument ? body.size : body.length
}
