import { expect } from 'chai'
import { endOfNode } from '../../host/node-life.js'

describe('The end of a Node', () => {
  const on = (version: string, day: string) => endOfNode(version, Date.parse(day))

  it('is told from the day after its last one', () => {
    expect(on('20.20.2', '2026-04-30T23:59:59Z')).to.equal(undefined)
    expect(on('20.20.2', '2026-05-01')).to.equal(
      'Node 20 is past its end of life, which was on 2026-04-30; Node 24 is recommended',
    )
    expect(on('22.23.3', '2026-11-25')).to.equal(undefined)
    expect(on('22.23.3', '2027-05-01')).to.contain('Node 22 is past its end of life')
  })

  it('is not guessed of a major that has none in the schedule', () => {
    expect(on('31.0.0', '2040-01-01')).to.equal(undefined)
  })
})
