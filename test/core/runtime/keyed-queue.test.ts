import { expect } from 'chai'
import { ByteCache } from '../../../core/runtime/byte-cache.js'
import { KeyedQueue } from '../../../core/runtime/keyed-queue.js'

describe('a keyed queue', () => {
  it('lets one task at a time run for a key, in order, whatever becomes of it', async () => {
    const queue = new KeyedQueue()
    const seen: string[] = []
    const task =
      (name: string, fails = false) =>
      async () => {
        seen.push(`${name} in`)
        await Promise.resolve()
        seen.push(`${name} out`)
        if (fails) throw new Error(name)
      }
    const results = await Promise.allSettled([
      queue.run(['k'], task('a', true)),
      queue.run(['k', 'l'], task('b')),
      queue.run(['l', 'k'], task('c')),
    ])
    expect(results.map(({ status }) => status)).to.deep.equal(['rejected', 'fulfilled', 'fulfilled'])
    expect(seen).to.deep.equal(['a in', 'a out', 'b in', 'b out', 'c in', 'c out'])
  })
})

describe('a cache bounded by bytes', () => {
  it('drops what was used longest ago, and takes nothing that would fill it alone', () => {
    const cache = new ByteCache<string>(80)
    for (let i = 0; i < 8; i++) cache.put(`k${i}`, `v${i}`, 10)
    expect(cache.get('k0')).to.equal('v0')
    cache.put('k8', 'v8', 10)
    expect([cache.get('k0'), cache.get('k1'), cache.get('k8')]).to.deep.equal(['v0', undefined, 'v8'])
    cache.put('huge', 'x', 11)
    expect(cache.get('huge')).to.equal(undefined)
  })
})
