import { expect } from 'chai'
import { parseRecord } from '../../../plugins/pypi/record-file.js'

describe('pypi: the RECORD of a wheel', () => {
  it('tells of each member its digest without padding and its size, and leaves out what it does not', () => {
    const rows = parseRecord('a.py,sha256=abc-_=,12\r\n"b ""x"", y.py",md5=abc,\na/RECORD,,\n')
    expect([...rows]).to.deep.equal([
      ['a.py', { sha256: 'abc-_', size: 12 }],
      ['b "x", y.py', {}],
      ['a/RECORD', {}],
    ])
  })

  it('reads a digest that is mostly padding as fast as another', () => {
    const padding = '='.repeat(1_000_000)
    expect([...parseRecord(`a.py,sha256=${padding}x,\nb.py,sha256=x${padding},\n`).values()]).to.deep.equal([
      { sha256: `${padding}x` },
      { sha256: 'x' },
    ])
  })

  it('is refused where it is none, or names a path twice', () => {
    for (const text of ['a.py,\n', ',sha256=x,1\n', 'a.py,,x\n', 'a.py,,\na.py,,\n', '"a.py"x,,\n'])
      expect(() => parseRecord(text), text).to.throw(/RECORD/)
  })
})
