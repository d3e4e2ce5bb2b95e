import { setImmediate } from 'node:timers/promises'

/** So long work may go on without letting others have a turn. */
const turnMilliseconds = 4

/** The same items; whoever consumes many of them without waiting for anything lets the event loop go round now and then. */
export async function* inTurns<Item>(items: AsyncIterable<Item>): AsyncGenerator<Item> {
  let began = performance.now()
  for await (const item of items) {
    yield item
    if (performance.now() - began < turnMilliseconds) continue
    await setImmediate()
    began = performance.now()
  }
}
