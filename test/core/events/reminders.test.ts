import { expect } from 'chai'
import { type Reminder, Reminders } from '../../../core/events/reminders.js'
import { randomHex } from '../../../core/runtime/identifiers.js'
import { silentLogger } from '../../../core/runtime/logger.js'
import type { MetadataStore } from '../../../core/storage/metadata-store.js'
import { tenantKeys } from '../../../core/storage/tenant-keys.js'
import { choreWork } from '../../support/chore-work.js'
import { FixedClock } from '../../support/fixed-clock.js'
import { emptyMetadataStore } from '../../support/metadata-under-test.js'

describe('reminders', () => {
  let metadata: MetadataStore
  let clock: FixedClock
  beforeEach(async () => {
    metadata = await emptyMetadataStore()
    clock = new FixedClock()
  })

  const remind = (name: string, at = clock.now().getTime()) =>
    metadata.commit(
      [
        {
          op: 'put',
          key: tenantKeys.reminder(0, String(at).padStart(15, '0'), 'o_1', 'r_1', 'raw', name),
          value: { v: 1 },
        },
      ],
      randomHex(),
    )
  const left = async () => {
    const names: string[] = []
    for await (const { key } of metadata.range(tenantKeys.due(0), {})) names.push(key.path[4] ?? '')
    return names
  }
  const run = async (reminders: Reminders) => reminders.run(await choreWork(metadata, clock, 'reminders'))
  const waking = (wake: (reminder: Reminder) => Promise<Date | undefined>) => new Reminders(metadata, clock, wake, silentLogger)

  it('wake what is due, in order, and nothing else', async () => {
    await remind('second', clock.now().getTime() - 1)
    await remind('first', clock.now().getTime() - 2)
    await remind('later', clock.now().getTime() + 1)
    const woken: string[] = []
    await run(
      waking(async ({ key }) => {
        woken.push(key[0])
        return undefined
      }),
    )
    expect([woken, await left()]).to.deep.equal([['first', 'second'], ['later']])
  })

  it('that come too early come again when they are told to, and count as no failure', async () => {
    await remind('early', clock.now().getTime())
    const woken: number[] = []
    const reminders = waking(async () => {
      woken.push(clock.now().getTime())
      return woken.length < 3 ? new Date(clock.now().getTime() + 3_600_000) : undefined
    })
    const first = clock.now().getTime()
    expect(await run(reminders)).to.deep.equal({ woken: 1, failed: 0 })
    for (let minutes = 0; minutes < 180; minutes += 20) {
      clock.advance(1_200_000)
      await run(reminders)
    }
    expect([woken, await left()]).to.deep.equal([[first, first + 3_600_000, first + 7_200_000], []])
  })

  it('that fail hold nobody up, however many they are, and are tried again later and later', async () => {
    for (let at = 0; at < 250; at++) await remind(`broken ${at}`, clock.now().getTime() - 1_000)
    await remind('good', clock.now().getTime())
    let tries = 0
    const woken: string[] = []
    const reminders = waking(async ({ key }) => {
      if (key[0].startsWith('broken')) {
        tries++
        throw new Error('broken')
      }
      woken.push(key[0])
      return undefined
    })
    await run(reminders)
    expect([woken, tries]).to.deep.equal([['good'], 250])
    // Not each second.
    await run(reminders)
    expect(tries).to.equal(250)
    clock.advance(60_000)
    await run(reminders)
    expect(tries).to.equal(500)
    clock.advance(60_000)
    await run(reminders)
    expect(tries).to.equal(500)
    clock.advance(3_600_000)
    await run(reminders)
    expect([tries, (await left()).length]).to.deep.equal([750, 250])
  })
})
