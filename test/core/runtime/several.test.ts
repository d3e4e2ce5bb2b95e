import { expect } from 'chai'
import { several } from '../../../core/runtime/several.js'

async function* numbers(count: number): AsyncIterable<number> {
  for (let at = 0; at < count; at++) yield at
}

describe('Work on several things at once', () => {
  it('is done on each, and never on more at a time than it was told', async () => {
    let [now, most] = [0, 0]
    const done: number[] = []
    await several(numbers(20), 3, async (one) => {
      most = Math.max(most, ++now)
      await new Promise((resolve) => setImmediate(resolve))
      done.push(one)
      now--
    })
    expect([most, now, done.length, new Set(done).size]).to.deep.equal([3, 0, 20, 20])
  })

  it('ends with the first failure, when what was under way has ended', async () => {
    const begun: number[] = []
    let ended = 0
    const failure = await several(numbers(100), 4, async (one) => {
      begun.push(one)
      await new Promise((resolve) => setImmediate(resolve))
      ended++
      if (one % 3 === 1) throw new Error(`no ${one}`)
    }).catch((error: Error) => error.message)
    expect(failure).to.equal('no 1')
    expect(begun.length).to.be.lessThan(20)
    expect(ended).to.equal(begun.length)
  })
})
