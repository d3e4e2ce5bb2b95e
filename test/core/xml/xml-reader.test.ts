import { expect } from 'chai'
import { RegistryError } from '../../../core/errors/registry-error.js'
import { childOf, childrenOf, readXml, textOf, type XmlOptions, type XmlShape } from '../../../core/xml/xml-reader.js'
import { processorTime } from '../../support/processor-time.js'

const shape: XmlShape = { a: true, list: { item: { name: true } }, any: { '*': true } }
const bytesOf = (text: string) => new TextEncoder().encode(text)
const read = (text: string | Uint8Array, options?: XmlOptions) =>
  readXml(typeof text === 'string' ? bytesOf(text) : text, 'root', shape, options)

async function refusal(work: Promise<unknown>): Promise<RegistryError> {
  try {
    await work
  } catch (thrown) {
    if (thrown instanceof RegistryError) return thrown
    throw thrown
  }
  throw new Error('was accepted')
}

describe('the XML reader', () => {
  it('keeps what the shape names and drops the rest, however deep', async () => {
    const root = await read(
      '<root x="1"><a> one </a><b><a>no</a></b><list><item><name>n1</name><a>no</a></item><item/></list></root>',
    )
    expect(root.attributes['x']).to.equal('1')
    expect(root.children.map((child) => child.name)).to.deep.equal(['a', 'list'])
    expect(textOf(root, 'a')).to.equal('one')
    const items = childrenOf(childOf(root, 'list'), 'item')
    expect(items.map((item) => item.children.map((child) => child.text))).to.deep.equal([['n1'], []])
  })

  it('takes any name below a star, names of prototypes included', async () => {
    const root = await read(
      '<root><any><constructor>c</constructor><__proto__>p</__proto__></any><constructor>no</constructor></root>',
    )
    const any = childOf(root, 'any')
    expect(any?.children.map((child) => [child.name, child.text])).to.deep.equal([
      ['constructor', 'c'],
      ['__proto__', 'p'],
    ])
    expect(root.children).to.have.length(1)
  })

  it('resolves namespaces, or cuts prefixes off where it is told to', async () => {
    const text = '<p:root xmlns:p="urn:x"><p:a>1</p:a></p:root>'
    expect((await read(text)).namespace).to.equal('urn:x')
    expect((await refusal(read('<root><q:a>1</q:a></root>'))).kind).to.equal('invalid')
    expect(textOf(await read('<root><q:a>1</q:a></root>', { namespaces: false }), 'a')).to.equal('1')
  })

  it('reads UTF-8, UTF-16 and Latin-1, with a byte order mark or without', async () => {
    expect(textOf(await read('\u{feff}<root><a>ø</a></root>'), 'a')).to.equal('ø')
    const utf16 = Buffer.from('\u{feff}<root><a>ø</a></root>', 'utf16le')
    expect(textOf(await read(utf16), 'a')).to.equal('ø')
    const latin1 = Buffer.from('<?xml version="1.0" encoding="ISO-8859-1"?><root><a>ø</a></root>', 'latin1')
    expect(textOf(await read(latin1), 'a')).to.equal('ø')
  })

  it('refuses bytes outside the encoding and encodings it does not read', async () => {
    expect((await refusal(read(new Uint8Array([0x3c, 0x72, 0xff])))).kind).to.equal('invalid')
    const utf7 = await refusal(read('<?xml version="1.0" encoding="UTF-7"?><root/>'))
    expect(utf7.message).to.equal('The XML document names an encoding that is not read here: utf-7')
  })

  it('reads a document that arrives a byte at a time', async () => {
    const text = '<root><a>&#65;&lt;</a><list><item><name>ö</name></item></list></root>'
    async function* single() {
      for (const byte of bytesOf(text)) yield new Uint8Array([byte])
    }
    expect(textOf(await readXml(single(), 'root', shape), 'a')).to.equal('A<')
  })

  it('refuses a DOCTYPE, with entities or without, and fetches nothing', async () => {
    for (const doctype of [
      '<!DOCTYPE root>',
      '<!DOCTYPE root SYSTEM "file:///etc/passwd">',
      '<!DOCTYPE root [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]>',
    ]) {
      const failure = await refusal(read(`${doctype}<root><a>&b;</a></root>`))
      expect(failure.kind).to.equal('invalid')
      expect(failure.message).to.equal('The XML document has a DOCTYPE, which is not accepted')
    }
  })

  it('refuses an unknown entity, or leaves it as it is written', async () => {
    expect((await refusal(read('<root><a>&oslash;</a></root>'))).kind).to.equal('invalid')
    expect((await refusal(read('<root><a>&constructor;</a></root>'))).kind).to.equal('invalid')
    expect(textOf(await read('<root><a>J&oslash;rn &amp; co</a></root>', { entities: 'keep' }), 'a')).to.equal('J&oslash;rn & co')
  })

  it('refuses a million character references quickly', async () => {
    const worked = processorTime()
    const failure = await refusal(read(`<root><a>${'&#65;'.repeat(1_000_000)}</a></root>`, { limits: { bytes: 8_000_000 } }))
    expect(failure.message).to.equal('The XML document has more than 10000 character references')
    expect(worked()).to.be.below(1_000)
  })

  it('counts references across the seams of chunks', async () => {
    async function* parts() {
      yield bytesOf(`<root>${' '.repeat(2000)}<a>&`)
      yield bytesOf('#65;</a></root>')
    }
    const failure = await refusal(readXml(parts(), 'root', shape, { limits: { characterReferences: 0 } }))
    expect(failure.message).to.equal('The XML document has more than 0 character references')
  })

  it('refuses what is nested 100,000 deep, kept or dropped, without losing its stack', async () => {
    for (const tag of ['list', 'other']) {
      const failure = await refusal(read(`<root>${`<${tag}>`.repeat(100_000)}`))
      expect(failure.message).to.equal('The XML document has more than 64 levels')
    }
  })

  it('refuses too many nodes, attributes, bytes and characters', async () => {
    expect((await refusal(read(`<root>${'<b/>'.repeat(60_000)}</root>`))).message).to.equal(
      'The XML document has more than 50000 nodes',
    )
    const attributes = Array.from({ length: 60_000 }, (_, n) => `a${n}=""`).join(' ')
    expect((await refusal(read(`<root ${attributes}/>`))).message).to.equal('The XML document has more than 50000 nodes')
    expect((await refusal(read(`<root>${' '.repeat(1024 * 1024)}</root>`))).kind).to.equal('too-large')
    const long = await refusal(read(`<root><a>${'x'.repeat(70_000)}</a></root>`))
    expect(long.message).to.equal('The XML document has more than 65536 characters in a')
    const name = 'n'.repeat(1025)
    for (const named of [`<${name}/>`, `<b><c ${name}=""/></b>`, `<a ${name}="">x</a>`])
      expect((await refusal(read(`<root>${named}</root>`))).message).to.equal(
        'The XML document has more than 1024 characters in a name',
      )
    await read(`<root><${name.slice(1)} ${name.slice(1)}=""/></root>`)
  })

  it('refuses another root, junk after it, an open end and nothing at all', async () => {
    expect((await refusal(read('<other/>'))).message).to.equal("The XML document's root is other, not root")
    for (const text of ['<root></root>junk', '<root>', '<root><a></root>', '', '{"json":1}', '<root a="1" a="2"/>'])
      expect((await refusal(read(text))).kind).to.equal('invalid')
  })
})
