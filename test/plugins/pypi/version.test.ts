import { expect } from 'chai'
import fc from 'fast-check'
import {
  compareVersions,
  compareVersionTexts,
  isPreRelease,
  normalVersion,
  parseVersion,
  type Version,
  versionKey,
} from '../../../plugins/pypi/version.js'

function parse(text: string): Version {
  const version = parseVersion(text)
  if (!version) throw new Error(`${text} does not parse`)
  return version
}

const spellings: readonly [string, string, string?][] = [
  ['v1.0', '1.0', '1'],
  ['01.02', '1.2', '1.2'],
  ['1.0-1', '1.0.post1', '1.post1'],
  ['1.0.post', '1.0.post0'],
  ['1.0-post2', '1.0.post2'],
  ['1.0.rev3', '1.0.post3'],
  ['1.0alpha', '1.0a0'],
  ['1.0-alpha.1', '1.0a1'],
  ['1.0_beta2', '1.0b2'],
  ['1.0c1', '1.0rc1'],
  ['1.0.0-rc.1', '1.0.0rc1', '1rc1'],
  ['1.0rc.2.post-3.dev_4', '1.0rc2.post3.dev4'],
  ['2013b', '2013b0'],
  ['0!1.0', '1.0'],
  ['1!1.0', '1!1.0', '1!1'],
  ['1!1.0+a', '1!1.0+a', '1!1+a'],
  ['1.0+Ubuntu-1', '1.0+ubuntu.1'],
  ['1.0+ubuntu_1.00', '1.0+ubuntu.1.0'],
  ['1.0+Ubuntu_01', '1.0+ubuntu.1'],
  ['1.0+0abc', '1.0+0abc'],
  [' 1.0 ', '1.0'],
  ['2024.01.05', '2024.1.5'],
  ['1.0.0', '1.0.0', '1'],
  ['1.0.dev', '1.0.dev0'],
  ['20240102030405060708', '20240102030405060708'],
  ['0', '0', '0'],
  ['0.0', '0.0', '0'],
]

const ascending =
  `1.0.dev0, 1.0.dev456, 1.0.dev456+local, 1.0a0, 1.0a0.post0.dev0, 1.0a0.post0, 1.0a1.dev1, 1.0a1.dev1+local, 1.0a1, 1.0a1+local,
  1.0b0, 1.0b1.dev456, 1.0b2, 1.0b2.post345.dev456, 1.0b2.post345, 1.0b2-346, 1.0rc0, 1.0rc1.dev1, 1.0c1, 1.0rc2, 1.0, 1.0.post0.dev0, 1.0.post0,
  1.0.post456.dev34, 1.0.post456, 1.0.post456+local, 1.0.1.dev1, 1.0.1a1, 1.0.1, 1.0.1+local, 1.0.1.post1, 1.1.dev1, 1.2+a, 1.2+abc, 1.2+abcdef,
  1.2+def, 1.2+0, 1.2+1, 1.2+1.abc, 1.2+1.1, 1.2+1.1.0, 1.2+2, 1.2+123, 1.2+123456, 1.2.r32+123456, 1.2.rev33+123456, 1!1.0.dev0, 1!1.0`
    .split(',')
    .map((text) => text.trim())

describe('versions (PEP 440)', () => {
  for (const [text, normal, key] of spellings) {
    it(`spells ${JSON.stringify(text)} as ${normal}`, () => {
      expect(normalVersion(parse(text))).to.equal(normal)
      if (key !== undefined) expect(versionKey(parse(text))).to.equal(key)
    })
  }

  it('refuses what is none', () => {
    const none = [
      'french toast',
      '1.0-',
      '1.0+',
      '1.0+a+b',
      '1.0+..',
      '1e5',
      '1.2.3-4-5',
      '١.0',
      '',
      'v',
      '1..0',
      '1.0\0',
      `1.${'0'.repeat(200)}`,
      `1${' '.repeat(1_000_000)}x`,
    ]
    for (const text of none) expect(parseVersion(text), text).to.equal(undefined)
  })

  it('puts the whole vector in order', () => {
    const shuffled = [...ascending].reverse()
    expect(shuffled.sort(compareVersionTexts)).to.deep.equal(ascending)
    for (let at = 1; at < ascending.length; at++) {
      const [before = '', after = ''] = ascending.slice(at - 1, at + 1)
      expect(compareVersionTexts(before, after), `${before} < ${after}`).to.be.lessThan(0)
      expect(compareVersionTexts(after, before), `${after} > ${before}`).to.be.greaterThan(0)
    }
  })

  it('compares numbers longer than a double is exact', () => {
    expect(compareVersionTexts('1.20240102030405060708', '1.20240102030405060709')).to.be.lessThan(0)
  })

  it('holds what does not parse for lower than all that does', () => {
    expect(['1.0.dev0', 'zebra', 'aardvark'].sort(compareVersionTexts)).to.deep.equal(['aardvark', 'zebra', '1.0.dev0'])
  })

  it('knows a pre-release', () => {
    expect(['1.0a1', '1.0.dev1', '1.0.post1.dev1'].every((text) => isPreRelease(parse(text)))).to.equal(true)
    expect(['1.0', '1.0.post1', '1.0+local'].some((text) => isPreRelease(parse(text)))).to.equal(false)
  })

  const number = fc.nat(20).map(String)
  const maybe = (part: fc.Arbitrary<string>) => fc.oneof(fc.constant(''), part)
  const anyVersion = fc
    .tuple(
      maybe(number.map((epoch) => `${epoch}!`)),
      fc.array(number, { minLength: 1, maxLength: 4 }).map((release) => release.join('.')),
      maybe(fc.tuple(fc.constantFrom('a', 'b', 'rc', '-alpha.', '_c'), number).map((pre) => pre.join(''))),
      maybe(number.map((post) => `.post${post}`)),
      maybe(number.map((dev) => `.dev${dev}`)),
      maybe(
        fc
          .array(fc.oneof(number, fc.constantFrom('a', 'abc', '0b')), { minLength: 1, maxLength: 3 })
          .map((local) => `+${local.join('.')}`),
      ),
    )
    .map((parts) => parts.join(''))

  it('orders totally: antisymmetric, transitive, and equal only where the key is', () => {
    fc.assert(
      fc.property(anyVersion, anyVersion, anyVersion, (a, b, c) => {
        const order = (left: string, right: string) => Math.sign(compareVersions(parse(left), parse(right)))
        expect(order(a, b)).to.equal(-order(b, a) + 0)
        expect(order(a, b) === 0).to.equal(versionKey(parse(a)) === versionKey(parse(b)))
        if (order(a, b) <= 0 && order(b, c) <= 0) expect(order(a, c)).to.be.at.most(0)
      }),
      { numRuns: 1_000 },
    )
  })

  it('spells a normal form as itself', () => {
    fc.assert(
      fc.property(anyVersion, (text) => {
        const normal = normalVersion(parse(text))
        expect(normalVersion(parse(normal))).to.equal(normal)
        expect(compareVersions(parse(text), parse(normal))).to.equal(0)
        expect(compareVersions(parse(text), parse(versionKey(parse(text))))).to.equal(0)
      }),
    )
  })
})
