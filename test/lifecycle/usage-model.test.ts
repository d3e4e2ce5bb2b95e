import { expect } from 'chai'
import type { JsonObject } from '../../core/runtime/json.js'
import { dice } from '../support/dice.js'
import { FixedClock } from '../support/fixed-clock.js'
import type { House } from '../support/house.js'
import { operatorOf, type Thing } from '../support/management.js'
import { openShelves } from '../support/shelves.js'
import { countedByHand, saidUsage, storedByRepository } from '../support/usage-world.js'

const day = 86_400_000

describe('usage through the life of what is stored', function () {
  this.timeout(120_000)
  let house: House
  let clock: FixedClock
  beforeEach(async () => {
    clock = new FixedClock()
    house = await openShelves(clock)
  })
  afterEach(() => house.close())

  /** By her password: months go by, and tokens end. */
  const olga = (method: string, target: string, body?: string) => {
    const authorization = `Basic ${Buffer.from(`olga:${house.password('olga')}`).toString('base64')}`
    return house.call(method, target, { as: 'nobody', headers: { authorization }, ...(body === undefined ? {} : { body }) })
  }
  const result = async (chore: string, confirmed = false) =>
    ((await house.kernel.chores.run(chore, { confirmed })).status.last?.result ?? {}) as JsonObject
  const agreed = async (step: string) => {
    const byHand = await countedByHand(house)
    expect(await saidUsage(house), step).to.deep.equal(byHand)
    const { repositories } = await operatorOf(house).done('GET', 'usage')
    const said = (repositories as Thing[]).filter(({ storageBytes, versions }) => storageBytes !== 0 || versions !== 0)
    expect(said, step).to.have.deep.members(await storedByRepository(house))
  }

  for (const seed of [1, 2, 3, 4])
    it(`is what a look at every row says, after every step (seed ${seed})`, async () => {
      const roll = dice(seed)
      const operator = operatorOf(house)
      let second = 'raw-2'
      const repository = () => (roll(2) === 0 ? 'raw' : second)
      const file = () => `f${roll(4)}.txt`
      const done: Record<string, number> = {}
      const steps: Readonly<Record<string, () => Promise<boolean>>> = {
        put: async () => {
          const target = `/acme/${repository()}/docs/guide/${file()}`
          return (await olga('PUT', target, 'x'.repeat(1 + roll(3) * 100))).status < 300
        },
        remove: async () => (await olga('DELETE', `/acme/${repository()}/docs/guide/${file()}`)).status === 204,
        undo: async () => {
          const from = repository()
          const gone = await operator.items(`deleted?repository=${from}&limit=1000`)
          const one = gone[roll(gone.length)]
          return one !== undefined && (await operator.send('POST', `deleted/${from}/${one['id']}/undo`)).status === 200
        },
        promote: async () => {
          const body = { to: second, ...(roll(2) === 0 ? { move: true } : {}) }
          return (await operator.send('POST', `packages/raw/docs%2Fguide/${file()}/promote`, body)).status === 200
        },
        rename: async () => {
          const name = second === 'raw-2' ? 'other' : 'raw-2'
          await operator.done('PATCH', `repositories/${second}`, { name })
          second = name
          return true
        },
        retain: async () => {
          const rules = { olderThanDays: 5 + roll(20) }
          await operator.done('PUT', `repositories/${repository()}/cleanup`, { rules, activate: true })
          await house.kernel.chores.run('cleanup')
          return true
        },
        sweep: async () => {
          clock.advance(roll(12) * day)
          await house.kernel.chores.run('clock')
          const { done: deeds } = await result('sweep', true)
          return ((deeds as JsonObject)['purge'] ?? 0) !== 0
        },
        fold: async () => {
          clock.advance(120_000)
          const { corrected = 0 } = await result('usage')
          expect(corrected, 'the weekly count found nothing wrong').to.equal(0)
          return true
        },
      }
      const names = Object.keys(steps)
      for (let at = 0; at < 120; at++) {
        clock.advance(1_000)
        const name = names[roll(names.length)] ?? ''
        if (await steps[name]?.()) done[name] = (done[name] ?? 0) + 1
        await agreed(`step ${at}: ${name}`)
      }
      expect(done).to.have.all.keys(names)
      // At the end nothing is left, and nothing is said to be.
      for (const from of ['raw', second])
        for (const name of [0, 1, 2, 3]) {
          const gone = await olga('DELETE', `/acme/${from}/docs/guide/f${name}.txt`)
          expect(gone.status, gone.text()).to.be.oneOf([204, 404])
        }
      expect(await house.storedFiles()).to.deep.equal([])
      for (let at = 0; at < 4; at++) {
        clock.advance(10 * day)
        await house.kernel.chores.run('clock')
        await result('sweep', true)
      }
      await agreed('after the last sweep')
      expect(await saidUsage(house)).to.deep.equal({ storageBytes: 0, files: 0, versions: 0 })
    })
})
