import { expect } from 'chai'
import * as fc from 'fast-check'
import { decodeCursor, decodeKey, decodePath, encodeCursor, encodeKey, encodePath } from '../../../core/storage/key-order.js'

const segment = fc
  .string({ minLength: 1, maxLength: 12, unit: 'binary' })
  .filter((text) => !text.includes('\0') && !/\p{Surrogate}/u.test(text))
const path = fc.array(segment, { minLength: 1, maxLength: 5 })
const partition = fc
  .array(fc.oneof(segment, fc.constant('')), { minLength: 1, maxLength: 4 })
  .map((parts) => `o\0${parts.join('\0')}`)

describe('The order of keys', () => {
  it('gives every key back', () => {
    fc.assert(
      fc.property(partition, path, (inPartition, inPath) => {
        const bytes = encodeKey({ partition: inPartition, path: inPath })
        expect(decodeKey(bytes)).to.deep.equal({ partition: inPartition, path: inPath })
        expect(decodeKey(decodeCursor(encodeCursor(bytes)))).to.deep.equal({ partition: inPartition, path: inPath })
        expect(decodePath(encodePath(inPath))).to.deep.equal(inPath)
      }),
    )
  })
  it('never gives two keys the same bytes', () => {
    fc.assert(
      fc.property(partition, path, partition, path, (partition1, path1, partition2, path2) => {
        const same = partition1 === partition2 && JSON.stringify(path1) === JSON.stringify(path2)
        const one = encodeKey({ partition: partition1, path: path1 })
        expect(one.equals(encodeKey({ partition: partition2, path: path2 }))).to.equal(same)
      }),
    )
  })
  it('is that of segments, each by its UTF-8 bytes, a parent before its children', () => {
    const bySegments = (one: readonly string[], other: readonly string[]): number => {
      for (const [index, text] of one.entries()) {
        const against = other[index]
        if (against === undefined) return 1
        const order = Buffer.compare(Buffer.from(text), Buffer.from(against))
        if (order !== 0) return order
      }
      return one.length - other.length
    }
    fc.assert(
      fc.property(path, path, (one, other) => {
        expect(Math.sign(encodePath(one).compare(encodePath(other)))).to.equal(Math.sign(bySegments(one, other)))
      }),
    )
  })
})
