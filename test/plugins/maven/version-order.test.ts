import { expect } from 'chai'
import fc from 'fast-check'
import { compareGenericVersions, compareVersions, sortVersions } from '../../../plugins/maven/version-order.js'
import { processorTime } from '../../support/processor-time.js'

describe('the order of Maven versions', () => {
  const equal: readonly (readonly [string, string])[] = [
    ['1.0', '1.0.0'],
    ['1.0', '1'],
    ['1.0', '1.0.RELEASE'],
    ['1.0', '1.0.Final'],
    ['1.0', '1-ga'],
    ['1.0-alpha-1', '1.0-a1'],
    ['1.0-alpha', '1-alpha'],
    ['1.0-1', '1.0.1'],
    ['1.0-1', '1.0_1'],
    ['1.0-RC1', '1.0-cr1'],
    ['01.002', '1.2'],
  ]
  const rising: readonly (readonly string[])[] = [
    ['1.0-alpha-1', '1.0-beta-1', '1.0-M1', '1.0-rc1', '1.0-SNAPSHOT', '1.0', '1.0-sp', '1.0-foo', '1.0.1'],
    ['1.0-RC1', '1.0-SNAPSHOT', '1.0'],
    ['1.0', '1.0-a'],
    ['1.0', '1.0-dev', '1.0-pre'],
    ['1.0-android', '1.0-jre'],
    ['2.0', '10.0'],
    ['1.0-x2', '1.0-x10'],
    ['1.0', '20040616'],
    ['1.0-20200101.120000-2', '1.0-20200101.120000-10'],
    ['v1.0', '1.0'],
    ['0.0.0-2021', '0.0.1'],
    ['1-alpha', '1.0.1'],
    ['1.min', '1.0', '1.max'],
    ['1.99999999999999999998', '1.99999999999999999999'],
  ]

  for (const [a, b] of equal)
    it(`takes ${a} and ${b} for the same, and orders them by their text`, () => {
      expect(compareGenericVersions(a, b)).to.equal(0)
      expect(compareGenericVersions(b, a)).to.equal(0)
      expect(Math.sign(compareVersions(a, b))).to.equal(a < b ? -1 : 1)
    })
  for (const versions of rising)
    it(`puts ${versions.join(' before ')}`, () => {
      for (const [index, a] of versions.entries())
        for (const b of versions.slice(index + 1)) {
          expect(compareGenericVersions(a, b), `${a} and ${b}`).to.be.below(0)
          expect(compareGenericVersions(b, a), `${b} and ${a}`).to.be.above(0)
        }
    })

  it('sorts a list the same from any beginning', () => {
    const expected = ['1.0-alpha-1', '1.0-rc1', '1', '1.0', '1.0.0', '1.0.1', '1.10', '2']
    fc.assert(
      fc.property(fc.shuffledSubarray(expected, { minLength: expected.length }), (versions) => {
        expect(sortVersions(versions)).to.deep.equal(expected)
      }),
    )
  })

  it('answers at once for versions made to be slow', () => {
    const worked = processorTime()
    for (const version of ['9'.repeat(50_000), '1.'.repeat(20_000), ' '.repeat(50_000), '-'.repeat(50_000)])
      expect(compareGenericVersions(version, `${version}1`)).to.be.a('number')
    expect(worked()).to.be.below(1_000)
  })
})
