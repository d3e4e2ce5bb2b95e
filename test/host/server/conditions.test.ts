import { expect } from 'chai'
import { evaluateConditions, ifRangeHolds, parseHttpDate } from '../../../host/server/conditions.js'

const modified = new Date('2026-03-01T12:00:00.500Z')
const same = 'Sun, 01 Mar 2026 12:00:00 GMT'
const earlier = 'Sun, 01 Mar 2026 11:59:59 GMT'
const later = 'Sun, 01 Mar 2026 12:00:01 GMT'

const now = modified.getTime() + 60_000

describe('evaluateConditions', () => {
  const table: [Record<string, string>, { etag?: string; modified?: Date }, 304 | 412 | undefined][] = [
    [{}, { etag: '"a"', modified }, undefined],
    [{ 'if-match': '"a"' }, { etag: '"a"' }, undefined],
    [{ 'if-match': '"b", "a"' }, { etag: '"a"' }, undefined],
    [{ 'if-match': '"b"' }, { etag: '"a"' }, 412],
    [{ 'if-match': '*' }, { etag: '"a"' }, undefined],
    [{ 'if-match': 'W/"a"' }, { etag: '"a"' }, 412],
    [{ 'if-match': 'W/"a"' }, { etag: 'W/"a"' }, 412],
    [{ 'if-match': 'a' }, { etag: '"a"' }, 412],
    [{ 'if-match': '"a"', 'if-unmodified-since': earlier }, { etag: '"a"', modified }, undefined],
    [{ 'if-unmodified-since': earlier }, { etag: '"a"', modified }, 412],
    [{ 'if-unmodified-since': same }, { etag: '"a"', modified }, undefined],
    [{ 'if-unmodified-since': 'yesterday' }, { etag: '"a"', modified }, undefined],
    [{ 'if-none-match': '"a"' }, { etag: '"a"' }, 304],
    [{ 'if-none-match': 'W/"a"' }, { etag: '"a"' }, 304],
    [{ 'if-none-match': '"a"' }, { etag: 'W/"a"' }, 304],
    [{ 'if-none-match': '"x,y" , "a"' }, { etag: '"a"' }, 304],
    [{ 'if-none-match': '"x,y"' }, { etag: '"x,y"' }, 304],
    [{ 'if-none-match': '"x", "y"' }, { etag: '"a"' }, undefined],
    [{ 'if-none-match': '*' }, { etag: '"a"' }, 304],
    [{ 'if-none-match': '*, "b"' }, { etag: '"a"' }, undefined],
    [{ 'if-none-match': 'a' }, { etag: '"a"' }, undefined],
    [{ 'if-none-match': '"b"', 'if-modified-since': later }, { etag: '"a"', modified }, undefined],
    [{ 'if-match': '"b"', 'if-none-match': '"a"' }, { etag: '"a"' }, 412],
    [{ 'if-modified-since': same }, { etag: '"a"', modified }, 304],
    [{ 'if-modified-since': later }, { modified }, 304],
    [{ 'if-modified-since': earlier }, { modified }, undefined],
    [{ 'if-modified-since': '1772366400' }, { modified }, undefined],
    [{ 'if-modified-since': same }, { etag: '"a"' }, undefined],
    // Ahead of the server's clock; but a date that was ahead itself is met by its own.
    [{ 'if-modified-since': 'Sun, 01 Mar 2026 12:01:01 GMT' }, { modified }, undefined],
    [{ 'if-modified-since': 'Sun, 01 Mar 2026 12:02:00 GMT' }, { modified: new Date('2026-03-01T12:02:00Z') }, 304],
  ]
  for (const [headers, validators, expected] of table)
    it(`answers ${expected ?? 'as usual'} to ${JSON.stringify(headers)} of ${validators.etag ?? 'no tag'}`, () => {
      expect(evaluateConditions(headers, validators, now)).to.equal(expected)
    })
})

describe('ifRangeHolds', () => {
  const table: [string | undefined, { etag?: string; modified?: Date }, number, boolean][] = [
    [undefined, {}, now, true],
    ['"a"', { etag: '"a"' }, now, true],
    ['"b"', { etag: '"a"' }, now, false],
    ['W/"a"', { etag: 'W/"a"' }, now, false],
    [same, { modified }, now, true],
    [same, { modified }, modified.getTime() + 400, false],
    [later, { modified }, now, false],
    [earlier, { modified }, now, false],
    ['junk', { etag: '"a"', modified }, now, false],
  ]
  for (const [header, validators, at, expected] of table)
    it(`${expected ? 'holds' : 'fails'} for ${header} ${JSON.stringify(validators)} after ${at - modified.getTime()} ms`, () => {
      expect(ifRangeHolds(header, validators, at)).to.equal(expected)
    })
})

describe('parseHttpDate', () => {
  it('reads the three forms of RFC 9110', () => {
    const forms = ['Sun, 06 Nov 1994 08:49:37 GMT', 'Sunday, 06-Nov-94 08:49:37 GMT', 'Sun Nov  6 08:49:37 1994']
    expect(forms.map(parseHttpDate)).to.deep.equal(forms.map(() => Date.UTC(1994, 10, 6, 8, 49, 37)))
  })
  it('takes nothing else for a date', () => {
    const others = ['1994-11-06', '0', 'Sun', 'Sun, 06 Nov 1994 08:49:37 +0200', 'Sun, 99 Nov 1994 08:49:37 GMT', '']
    expect(others.map(parseHttpDate)).to.deep.equal(others.map(() => undefined))
  })
})
