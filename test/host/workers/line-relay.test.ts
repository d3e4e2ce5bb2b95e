import { PassThrough } from 'node:stream'
import { setImmediate } from 'node:timers/promises'
import { expect } from 'chai'
import { relayLines } from '../../../host/workers/line-relay.js'

describe('Lines of another process', () => {
  async function relayed(...chunks: readonly (string | Buffer)[]): Promise<readonly string[]> {
    const source = new PassThrough()
    const written: string[] = []
    relayLines(source, (lines) => written.push(lines))
    for (const chunk of chunks) {
      source.write(chunk)
      await setImmediate()
    }
    source.end()
    await setImmediate()
    await setImmediate()
    return written
  }

  it('are handed on whole, several at once', async () => {
    expect(await relayed('a\nb\nc', 'd', 'e\nf\n')).to.deep.equal(['a\nb\n', 'cde\nf\n'])
  })

  it('do not break a character that came in two pieces', async () => {
    const text = Buffer.from('ä\n')
    expect(await relayed(text.subarray(0, 1), text.subarray(1))).to.deep.equal(['ä\n'])
  })

  it('include the last words of one that died without an end of line', async () => {
    expect(await relayed('a\nlast words')).to.deep.equal(['a\n', 'last words\n'])
  })

  it('are cut where they never end', async () => {
    const long = 'x'.repeat(600_000)
    expect(await relayed(long, long, 'rest\n')).to.deep.equal([`${long}${long}\n`, 'rest\n'])
  })
})
