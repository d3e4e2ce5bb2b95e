import { Readable } from 'node:stream'
import { expect } from 'chai'
import fc from 'fast-check'
import { readXml } from '#core'
import { cutVersions, readUploadedMetadata } from '../../../plugins/maven/uploaded-metadata.js'

const read = async (text: string | Uint8Array) => [...(await readUploadedMetadata(Readable.from([Buffer.from(text)]))).versions]
const document = (versions: string, more = '') =>
  `<?xml version="1.0" encoding="UTF-8"?>\n<metadata>${more}<versioning><versions>${versions}</versions></versioning></metadata>`

/** What the XML parser alone makes of it. */
async function parsed(text: string): Promise<string[] | 'refused'> {
  const shape = { versioning: { versions: { version: true } } } as const
  try {
    const root = await readXml(Buffer.from(text), 'metadata', shape, { namespaces: false, entities: 'keep' })
    const lists = root.children.filter(({ name }) => name === 'versioning').slice(0, 1)
    const list = lists
      .flatMap(({ children }) => children)
      .filter(({ name }) => name === 'versions')
      .slice(0, 1)
    return [...new Set(list.flatMap(({ children }) => children).map((child) => child.text.trim()))]
  } catch {
    return 'refused'
  }
}

describe('maven metadata that a client sends', () => {
  it('may name ten thousand versions, each on a line of its own', async () => {
    const versions = Array.from({ length: 10_000 }, (_, n) => `1.${n}`)
    const text = document(versions.map((version) => `\n      <version>${version}</version>`).join(''))
    expect(cutVersions(text)?.rest).to.equal(document(''))
    expect(await read(text)).to.deep.equal(versions)
    const escaped = document(
      `<version>0&amp;1</version>${versions.map((version) => `\n      <version>${version}</version>`).join('')}`,
    )
    expect(cutVersions(escaped), 'for the parser').to.equal(undefined)
    expect(await read(escaped)).to.deep.equal(['0&1', ...versions])
  })

  it('names what its encoding says, with a mark or without', async () => {
    const text = document('<version>1.0-ü</version>')
    expect(await read(text)).to.deep.equal(['1.0-ü'])
    expect(await read(`\ufeff${text}`)).to.deep.equal(['1.0-ü'])
    expect(await read(Buffer.from(text.replace('UTF-8', 'ISO-8859-1'), 'latin1'))).to.deep.equal(['1.0-ü'])
    expect(await read(Buffer.from(`\ufeff${text.replace('UTF-8', 'UTF-16')}`, 'utf16le'))).to.deep.equal(['1.0-ü'])
  })

  it('is what an XML parser makes of it, whatever is in it, around it or broken in it', async () => {
    const piece = fc.constantFrom(
      ...[
        '<version>1</version>',
        '<version>2.0-x</version>',
        '<version> 3 </version>',
        '\n  ',
        '<version/>',
        '<version>4',
        '</version>',
      ],
      ...['<!-- <version>5</version> -->', '<![CDATA[<version>6</version>]]>', '<?x <version>7</version> ?>', '<other>8</other>'],
      ...[
        '<version a="1">9</version>',
        '&amp;',
        'text',
        ']]>',
        '<versions>',
        '</versions>',
        '<versions/>',
        '<version>]]></version>',
        '\u0001',
      ],
    )
    const around = fc.constantFrom(
      '',
      '<!--',
      '-->',
      '<versions/>',
      '<plugins><versions><version>x</version></versions></plugins>',
      '<a b="<versions>">',
    )
    const property = fc.asyncProperty(fc.array(piece, { maxLength: 6 }), around, async (pieces, more) => {
      const text = document(pieces.join(''), more)
      const expected = await parsed(text)
      const found = await read(text).catch(() => 'refused' as const)
      expect(found, text).to.deep.equal(expected)
    })
    await fc.assert(property, { numRuns: 3_000 })
  })
})
