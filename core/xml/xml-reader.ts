import { type SaxesAttributeNSIncomplete, SaxesParser, type SaxesTagNS, type SaxesTagPlain } from 'saxes'
import { invalid, type RegistryError, tooLarge } from '../errors/registry-error.js'
import { XmlDecoder } from './xml-decoder.js'

/** The elements that are kept, by local name: `true` keeps text alone, a shape keeps children, '*' stands for any other name. What is not
 *  named is checked for being well formed and dropped as it passes. */
export interface XmlShape {
  readonly [element: string]: XmlShape | true
}

/** Every budget is counted while the document comes in; passing `bytes` is `too-large`, any other `invalid`. */
export interface XmlLimits {
  readonly bytes: number
  /** Elements, attributes, comments, processing instructions and CDATA sections, kept or not. */
  readonly nodes: number
  readonly depth: number
  readonly characterReferences: number
  /** Characters of one kept element's own text. */
  readonly text: number
  /** Characters of the name of an element or attribute, kept or not. */
  readonly name: number
}

export interface XmlOptions {
  readonly limits?: Partial<XmlLimits>
  /** False: prefixes are cut off and never resolved, as readers of old that knew no namespaces did. Default true. */
  readonly namespaces?: boolean
  /** 'keep' leaves a named entity beyond XML's five as it is written. Default 'refuse'. Nothing is ever expanded. */
  readonly entities?: 'refuse' | 'keep'
}

export interface XmlElement {
  /** Local name. */
  readonly name: string
  /** '' where namespaces are not resolved. */
  readonly namespace: string
  readonly attributes: Readonly<Record<string, string>>
  /** Its own text, its children's left out, white space as it came; between kept children blanks alone are no text. */
  readonly text: string
  readonly children: readonly XmlElement[]
}

export const xmlLimits: XmlLimits = {
  ...{ bytes: 1024 * 1024, nodes: 50_000, depth: 64, characterReferences: 10_000 },
  ...{ text: 64 * 1024, name: 1024 },
}

const fiveEntities: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" }

interface Open {
  readonly shape: XmlShape | true
  readonly name: string
  readonly namespace: string
  readonly attributes: Readonly<Record<string, string>>
  readonly children: XmlElement[]
  text: string
}

/** Reads a stranger's XML: one root named as `root` says, no DOCTYPE, no entities of its own, nothing fetched, nothing built that `shape` does not
 *  name. Throws `invalid` or `too-large`. `shape` describes what stands in the root. */
export async function readXml(
  source: Uint8Array | AsyncIterable<Uint8Array>,
  root: string,
  shape: XmlShape,
  options: XmlOptions = {},
): Promise<XmlElement> {
  const reading = new XmlReading(root, shape, { ...xmlLimits, ...options.limits }, options)
  if (source instanceof Uint8Array) reading.push(source)
  else for await (const chunk of source) reading.push(chunk)
  return reading.end()
}

class XmlReading {
  private readonly decoder = new XmlDecoder()
  private readonly parser: SaxesParser<{ xmlns: boolean; forceXMLVersion: true; defaultXMLVersion: '1.0' }>
  private readonly open: Open[] = []
  private bytes = 0
  private nodes = 0
  private depth = 0
  /** Depth at which a subtree outside the shape began; 0: none. */
  private dropped = 0
  private references = 0
  private lastCharacter = ''
  private result: XmlElement | undefined

  constructor(
    private readonly root: string,
    private readonly shape: XmlShape,
    private readonly limits: XmlLimits,
    options: XmlOptions,
  ) {
    const parser = new SaxesParser({ xmlns: options.namespaces ?? true, forceXMLVersion: true, defaultXMLVersion: '1.0' })
    this.parser = parser as typeof this.parser
    const keep = options.entities === 'keep'
    this.parser.ENTITIES = new Proxy(fiveEntities as Record<string, string>, {
      get: (known, name) =>
        Object.hasOwn(known, name)
          ? known[String(name)]
          : keep && /^\w{1,32}$/.test(String(name))
            ? `&${String(name)};`
            : undefined,
    })
    this.parser.on('error', (error) => {
      throw invalid(`The XML document is not well formed: ${error.message}`)
    })
    this.parser.on('doctype', () => {
      throw invalid('The XML document has a DOCTYPE, which is not accepted')
    })
    for (const event of ['comment', 'processinginstruction'] as const) this.parser.on(event, () => this.count())
    this.parser.on('attribute', ({ name }: SaxesAttributeNSIncomplete | { readonly name: string }) => this.count(name))
    this.parser.on('opentag', (tag) => this.enter(tag as SaxesTagNS | SaxesTagPlain))
    this.parser.on('closetag', () => this.leave())
    this.parser.on('text', (text) => this.take(text))
    this.parser.on('cdata', (text) => {
      this.count()
      this.take(text)
    })
  }

  push(chunk: Uint8Array): void {
    this.bytes += chunk.length
    if (this.bytes > this.limits.bytes) throw tooLarge(`The XML document is larger than ${this.limits.bytes} bytes`)
    this.write(this.decoder.push(chunk))
  }

  end(): XmlElement {
    this.write(this.decoder.end())
    this.parser.close()
    if (this.result === undefined) throw invalid('The XML document is empty')
    return this.result
  }

  private write(text: string): void {
    if (text === '') return
    this.countReferences(text)
    this.parser.write(text)
  }

  /** Numeric references cost more to read than to write, so they have a budget; the text is looked at before the parser expands any. */
  private countReferences(text: string): void {
    const seam = this.lastCharacter === '&' && text.startsWith('#') ? 1 : 0
    this.references += seam
    for (let at = text.indexOf('&#'); at >= 0; at = text.indexOf('&#', at + 2)) this.references++
    this.lastCharacter = text.at(-1) ?? ''
    if (this.references > this.limits.characterReferences)
      throw this.over('character references', this.limits.characterReferences)
  }

  private count(name = ''): void {
    if (++this.nodes > this.limits.nodes) throw this.over('nodes', this.limits.nodes)
    if (name.length > this.limits.name) throw this.over('characters in a name', this.limits.name)
  }

  private enter(tag: SaxesTagNS | SaxesTagPlain): void {
    this.count(tag.name)
    if (++this.depth > this.limits.depth) throw this.over('levels', this.limits.depth)
    if (this.dropped > 0) return
    const name = 'local' in tag ? tag.local : tag.name.slice(tag.name.lastIndexOf(':') + 1)
    if (this.depth === 1 && name !== this.root) throw invalid(`The XML document's root is ${short(name)}, not ${this.root}`)
    const shape = this.depth === 1 ? this.shape : within(this.open.at(-1)?.shape, name)
    if (shape === undefined) {
      this.dropped = this.depth
      return
    }
    const attributes: Record<string, string> = Object.create(null)
    for (const [key, value] of Object.entries(tag.attributes)) attributes[key] = typeof value === 'string' ? value : value.value
    this.open.push({ shape, name, namespace: 'uri' in tag ? (tag.uri ?? '') : '', attributes, children: [], text: '' })
  }

  private leave(): void {
    if (this.dropped === 0) {
      const closed = this.open.pop()
      if (closed === undefined) return
      const { name, namespace, attributes, text, children } = closed
      const element: XmlElement = { name, namespace, attributes, text, children }
      const parent = this.open.at(-1)
      if (parent === undefined) this.result = element
      else parent.children.push(element)
    } else if (this.dropped === this.depth) this.dropped = 0
    this.depth--
  }

  private take(text: string): void {
    if (this.dropped > 0) return
    const element = this.open.at(-1)
    // Indentation between children is nobody's text, and there is as much of it as there are children.
    if (element === undefined || (element.shape !== true && text.trim() === '')) return
    if (element.text.length + text.length > this.limits.text)
      throw this.over(`characters in ${short(element.name)}`, this.limits.text)
    element.text += text
  }

  private over(what: string, limit: number): RegistryError {
    return invalid(`The XML document has more than ${limit} ${what}`)
  }
}

function within(shape: XmlShape | true | undefined, name: string): XmlShape | true | undefined {
  if (shape === undefined || shape === true) return undefined
  return Object.hasOwn(shape, name) ? shape[name] : Object.hasOwn(shape, '*') ? shape['*'] : undefined
}

function short(name: string): string {
  return name.length > 60 ? `${name.slice(0, 60)}…` : name
}

/** The first child of that name. */
export function childOf(element: XmlElement | undefined, name: string): XmlElement | undefined {
  return element?.children.find((child) => child.name === name)
}
export function childrenOf(element: XmlElement | undefined, name: string): readonly XmlElement[] {
  return element?.children.filter((child) => child.name === name) ?? []
}
/** Trimmed text of the first child of that name; undefined where there is none or it is blank. */
export function textOf(element: XmlElement | undefined, name: string): string | undefined {
  const text = childOf(element, name)?.text.trim()
  return text === '' ? undefined : text
}
