import { expect } from 'chai'
import fc from 'fast-check'
import { compareNames } from '../../../core/storage/name-order.js'

describe('the order of names', () => {
  it('is that of their bytes in UTF-8, beyond U+FFFF too', () => {
    const letter = fc.oneof(
      fc.constantFrom('a', 'b', 'é', '\ud7ff', '\ue000', '\uffff', '\u{10000}', '\u{10ffff}'),
      fc.string({ unit: 'binary', maxLength: 1 }),
    )
    const name = fc.array(letter, { maxLength: 6 }).map((letters) => letters.join(''))
    fc.assert(
      fc.property(name, name, (a, b) => {
        expect(Math.sign(compareNames(a, b))).to.equal(Buffer.compare(Buffer.from(a), Buffer.from(b)))
      }),
      { numRuns: 5_000 },
    )
  })
})
