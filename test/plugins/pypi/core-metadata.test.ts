import { expect } from 'chai'
import { RegistryError } from '#core'
import { checkCoreMetadata, fieldOf, parseCoreMetadata } from '../../../plugins/pypi/core-metadata.js'
import { processorTime } from '../../support/processor-time.js'

const parse = (text: string | Uint8Array) => parseCoreMetadata(Buffer.from(text as string))
const head = 'Metadata-Version: 2.1\nName: Bard\nVersion: 1.0\n'

function refusal(text: string | Uint8Array): string {
  try {
    checkCoreMetadata(parse(text))
  } catch (failure) {
    if (failure instanceof RegistryError && failure.kind === 'invalid') return failure.message
    throw failure
  }
  return 'fine'
}

describe('core metadata', () => {
  it('is fields in any case, repeated or not, and a body that describes', () => {
    const metadata = parse(`${head}classifier: A\nClassifier: B\n\nFirst line\n\nSecond: line\n`)
    expect(fieldOf(metadata, 'name')).to.equal('Bard')
    expect(metadata.fields.get('classifier')).to.deep.equal(['A', 'B'])
    expect(metadata.description).to.equal('First line\n\nSecond: line\n')
  })

  it('unfolds continued lines, those of old descriptions too', () => {
    const metadata = parse(`${head}Description: One\n        two\n       |three\n Summary: no\nLicense: A\n B\n`)
    expect(metadata.description).to.equal('One\ntwo\nthree\nSummary: no')
    expect(fieldOf(metadata, 'license')).to.equal('A\nB')
  })

  it('is UTF-8, or Latin-1 field by field, with line ends of either kind', () => {
    const metadata = parse(
      Buffer.concat([
        Buffer.from(`${head.replaceAll('\n', '\r\n')}Author: Jörg\r\nMaintainer: J`),
        Buffer.from([0xf6]),
        Buffer.from('rg\r\n'),
      ]),
    )
    expect(fieldOf(metadata, 'Author')).to.equal('Jörg')
    expect(fieldOf(metadata, 'Maintainer')).to.equal('Jörg')
    expect(fieldOf(metadata, 'Version')).to.equal('1.0')
  })

  it('takes encoded words for text and UNKNOWN for nothing', () => {
    const metadata = parse(`${head}Author: =?utf-8?q?x?=\nSummary: UNKNOWN\n`)
    expect(fieldOf(metadata, 'Author')).to.equal('=?utf-8?q?x?=')
    expect(fieldOf(metadata, 'Summary')).to.equal(undefined)
  })

  it('passes with a name, a version and a known format', () => {
    for (const version of ['1.0', '1.2', '2.0', '2.1', '2.4', '2.6', '2.99'])
      expect(refusal(head.replace('2.1', version))).to.equal('fine')
    const { project, requiresPython } = checkCoreMetadata(parse(`${head}Requires-Python: >=3.9, <4\n`))
    expect({ project, requiresPython }).to.deep.equal({ project: 'bard', requiresPython: '>=3.9, <4' })
  })

  it('reports faults in the order format, name, version, rest', () => {
    expect(refusal('Metadata-Version: 3.0\nName: -\nVersion: x\n')).to.equal(
      "'3.0' is an invalid value for Metadata-Version. Error: Use a known metadata version.",
    )
    expect(refusal('Metadata-Version: 2.1\nName: -\nVersion: x\n')).to.match(/^'-' is an invalid value for Name\. Error: /)
    expect(refusal('Metadata-Version: 2.1\nName: a\nVersion: x\n')).to.match(/^'x' is an invalid value for Version\. Error: /)
    expect(refusal(`${head}Requires-Python: three\n`)).to.equal(
      "'three' is an invalid value for Requires-Python. Error: Invalid specifier.",
    )
    expect(refusal('Name: a\n')).to.equal("'' is an invalid value for Metadata-Version. Error: This field is required.")
    expect(refusal(`${head}Name: Other\n`)).to.match(/^'Other' is an invalid value for Name/)
    expect(refusal(`${head}Summary: ${'x'.repeat(513)}\n`)).to.match(/is an invalid value for Summary/)
    expect(refusal(`${head.replace('2.1', '2.4')}License: MIT\nLicense-Expression: MIT\n`)).to.match(/^License is deprecated/)
  })

  it('has a budget', () => {
    const worked = processorTime()
    expect(refusal(`${head}${'A: b\n'.repeat(100_000)}`)).to.equal('Metadata has more than 10000 fields.')
    expect(refusal(`${head}Summary: ${'x'.repeat(4 * 1024 ** 2)}\n`)).to.equal('Metadata is larger than 4 MiB.')
    expect(refusal('no field here\n')).to.equal('Metadata has a line that is no field: no field here')
    expect(worked()).to.be.lessThan(2_000)
  })
})
