import { expect } from 'chai'
import { parseRange } from '../../../host/server/ranges.js'

describe('parseRange', () => {
  const table: [string | undefined, number, ReturnType<typeof parseRange>][] = [
    [undefined, 100, undefined],
    ['bytes=0-9', 100, { start: 0, end: 10 }],
    ['Bytes=0-9', 100, { start: 0, end: 10 }],
    ['bytes=90-', 100, { start: 90, end: 100 }],
    ['bytes=90-500', 100, { start: 90, end: 100 }],
    ['bytes=-10', 100, { start: 90, end: 100 }],
    ['bytes=-500', 100, { start: 0, end: 100 }],
    ['bytes=99-99', 100, { start: 99, end: 100 }],
    ['bytes=100-', 100, 'unsatisfiable'],
    ['bytes=-0', 100, 'unsatisfiable'],
    ['bytes=200-300', 100, 'unsatisfiable'],
    ['bytes=9-0', 100, undefined],
    ['bytes=a-b', 100, undefined],
    ['bytes=-', 100, undefined],
    ['bytes=', 100, undefined],
    ['bytes=,', 100, undefined],
    ['bytes', 100, undefined],
    ['items=0-1', 100, undefined],
    ['bytes=0 - 9', 100, undefined],
    ['bytes=+0-9', 100, undefined],
    ['bytes=0-9,20-29', 100, undefined],
    ['bytes=0-9, 200-', 100, { start: 0, end: 10 }],
    ['bytes=200-, -5', 100, { start: 95, end: 100 }],
    ['bytes=200-,300-', 100, 'unsatisfiable'],
    ['bytes=0-9,5-0', 100, undefined],
    [`bytes=${'0-0,'.repeat(17)}`, 100, undefined],
    ['bytes=0-', 0, 'unsatisfiable'],
    ['bytes=-5', 0, undefined],
    ['bytes=0-99999999999999999999999999', 100, { start: 0, end: 100 }],
    ['bytes=99999999999999999999999999-', 100, 'unsatisfiable'],
    [`bytes=${'9'.repeat(400)}-`, 100, 'unsatisfiable'],
    [`bytes=-${'9'.repeat(400)}`, 100, { start: 0, end: 100 }],
  ]
  for (const [header, size, expected] of table)
    it(`reads '${header?.slice(0, 40)}' of ${size} bytes as ${JSON.stringify(expected) ?? 'everything'}`, () => {
      expect(parseRange(header, size)).to.deep.equal(expected)
    })
})
