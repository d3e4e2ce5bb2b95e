import { expect } from 'chai'
import { AnswerReader } from './answer-reader.js'

/** After which pieces an answer was whole, and its status. */
function taken(...pieces: readonly string[]): readonly (number | undefined)[] {
  const reader = new AnswerReader()
  return pieces.map((piece) => (reader.take(Buffer.from(piece, 'latin1')) ? reader.status : undefined))
}

describe('the end of an answer, as the load generator finds it', () => {
  const counted = 'HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nbody'
  const chunked = 'HTTP/1.1 201 Created\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nbody\r\n0\r\n\r\n'

  for (const [name, text, status] of [
    ['by length', counted, 200],
    ['by its last chunk', chunked, 201],
    ['without a body', 'HTTP/1.1 204 No Content\r\nx: y\r\n\r\n', 204],
  ] as const)
    it(`${name}, wherever it is cut, and the next one after it`, () => {
      for (let cut = 1; cut < text.length; cut++)
        expect(taken(text.slice(0, cut), text.slice(cut), text)).to.deep.equal([undefined, status, status])
    })

  it('is not where a chunk holds half of what it looks like', () => {
    const head = 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n'
    expect(taken(head, '1\r\n0\r\n', '0\r\n\r\n')).to.deep.equal([undefined, undefined, 200])
  })

  it('is where the connection closes, if the head says nothing else', () => {
    const reader = new AnswerReader()
    expect(reader.take(Buffer.from('HTTP/1.0 200 OK\r\n\r\nbody'))).to.equal(false)
    expect(reader).to.deep.include({ status: 200, closes: true, endedByClose: true })
  })

  it('tells that the server closes after it', () => {
    const reader = new AnswerReader()
    expect(reader.take(Buffer.from('HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 0\r\n\r\n'))).to.equal(true)
    expect(reader).to.deep.include({ closes: true, endedByClose: false })
  })
})
