import { expect } from 'chai'
import { Deaths } from '../../../host/workers/deaths.js'

describe('Deaths of workers', () => {
  it('are followed at once, then later and later, then not at all', () => {
    const deaths = new Deaths()
    expect([0, 1, 2, 3, 4].map((second) => deaths.next(second * 1_000, 0))).to.deep.equal([0, 250, 1_000, 4_000, undefined])
  })

  it('are forgotten after a minute', () => {
    const deaths = new Deaths()
    for (let at = 0; at < 20; at++) expect(deaths.next(at * 20_000, 0)).to.be.a('number')
  })

  it('of a worker that had long served are accidents, however many', () => {
    const deaths = new Deaths()
    for (let at = 0; at < 20; at++) expect(deaths.next(at, 10_000)).to.equal(0)
    expect(deaths.next(20, 9_999)).to.equal(0)
    expect(deaths.next(21, 9_999)).to.equal(250)
  })
})
