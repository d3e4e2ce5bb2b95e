import { expect } from 'chai'
import { coreMetadataParser, type DistributionFacts } from '../../../plugins/pypi/core-metadata-parser.js'
import { bytesOf } from '../../support/buffer-bytes.js'
import { buildSdist } from '../../support/sdist-builder.js'
import { buildWheel, type WheelOptions } from '../../support/wheel-builder.js'

const wheel = async (more: Partial<WheelOptions>) => {
  const { filename, content } = buildWheel({ name: 'bard', version: '1.0', ...more })
  return (await coreMetadataParser.parse(bytesOf(content), `bard/${filename}`)) as DistributionFacts
}

describe('what a distribution says of itself', () => {
  it('is name, version, format, and what search shows', async () => {
    const facts = await wheel({
      name: 'Bard',
      requiresPython: '>=3.9',
      headers: ['Summary: Sings', 'Keywords: a, b', 'Home-page: https://example.com/', 'License: MIT\n        and more'],
    })
    expect(facts).to.deep.equal({
      name: 'Bard',
      version: '1.0',
      metadataVersion: '2.1',
      metadataPath: 'bard-1.0.dist-info/METADATA',
      warnings: [],
      requiresDist: [],
      requiresPython: '>=3.9',
      description: 'Sings',
      license: 'MIT',
      homepage: 'https://example.com/',
      keywords: ['a', 'b'],
    })
  })

  it('is the same of a source distribution, from PKG-INFO', async () => {
    const { filename, content } = await buildSdist({ name: 'bard', version: '1.0', requiresPython: '>=3.9' })
    const facts = (await coreMetadataParser.parse(bytesOf(content), `bard/${filename}`)) as DistributionFacts
    expect(facts).to.include({ name: 'bard', metadataPath: 'bard-1.0/PKG-INFO', requiresPython: '>=3.9' })
  })

  it('is warned of where RECORD and members differ, or members in case alone', async () => {
    expect((await wheel({ entries: [{ name: 'bard/extra.py', content: '' }] })).warnings).to.deep.equal([
      'RECORD does not list 1 members of the wheel',
    ])
    expect((await wheel({ record: 'bard/gone.py,,\n' })).warnings).to.deep.equal([
      'RECORD does not list 3 members of the wheel',
      'RECORD lists 1 files that are not in the wheel',
    ])
    expect(
      (await wheel({ files: { 'bard/\u00e9.py': '', 'bard/e\u0301.py': '', 'BARD/__init__.py': '' } })).warnings,
    ).to.deep.equal(['2 members of the wheel differ in case or spelling alone'])
  })
})
