import { expect } from 'chai'
import { dice } from '../support/dice.js'
import { FixedClock } from '../support/fixed-clock.js'
import type { House } from '../support/house.js'
import { operatorOf, type Thing } from '../support/management.js'
import { openShelves } from '../support/shelves.js'

interface Stored {
  readonly content: string
  readonly modified: string
}

describe('puts, deletes and undos in any order', function () {
  this.timeout(60_000)
  let house: House
  const clock = new FixedClock()
  before(async () => {
    house = await openShelves(clock)
  })
  after(() => house.close())

  for (const seed of [1, 2, 3, 4, 5, 6]) {
    it(`leave what a map of files leaves (seed ${seed})`, async () => {
      const roll = dice(seed)
      const folder = `/acme/raw/seed-${seed}`
      const files = new Map<string, Stored>()
      const bin = new Map<string, { readonly name: string; readonly stored: Stored }>()
      const listDeleted = async () =>
        (await operatorOf(house).items('deleted?repository=raw&limit=1000')).filter(({ paths }) =>
          (paths as string[])[0]?.startsWith(`seed-${seed}/`),
        )
      for (let step = 0; step < 60; step++) {
        clock.advance(60_000)
        const name = `f${roll(4)}`
        const deed = roll(3)
        if (deed === 0) {
          const content = `content ${roll(3)}`
          const before = files.get(name)
          const answer = await house.call('PUT', `${folder}/${name}`, { body: content })
          expect(answer.status).to.equal(before === undefined ? 201 : before.content === content ? 200 : 204)
          if (before?.content !== content) files.set(name, { content, modified: clock.now().toUTCString() })
        } else if (deed === 1) {
          const stored = files.get(name)
          const known = new Set((await listDeleted()).map(({ id }) => id))
          const answer = await house.call('DELETE', `${folder}/${name}`, { as: 'olga' })
          expect(answer.status).to.equal(stored === undefined ? 404 : 204)
          files.delete(name)
          const fresh = (await listDeleted()).filter(({ id }) => !known.has(id))
          expect(fresh).to.have.length(stored === undefined ? 0 : 1)
          if (stored) bin.set(String(fresh[0]?.['id']), { name, stored })
        } else {
          const id = [...bin.keys()][roll(bin.size)]
          const gone = id === undefined ? undefined : bin.get(id)
          if (id === undefined || gone === undefined) continue
          const there = files.get(gone.name)
          const answer = await operatorOf(house).send('POST', `deleted/raw/${id}/undo`)
          const taken = there !== undefined && there.content !== gone.stored.content
          expect(answer.status, answer.text()).to.equal(taken ? 409 : 200)
          if (taken) continue
          bin.delete(id)
          if (there === undefined) files.set(gone.name, gone.stored)
        }
        await expectFiles(folder, files)
      }
      expect((await listDeleted()).map(({ id }) => id)).to.have.members([...bin.keys()])
    })
  }

  async function expectFiles(folder: string, files: ReadonlyMap<string, Stored>): Promise<void> {
    const listing = await house.call('GET', `${folder}/?format=json`)
    const entries = listing.status === 404 ? [] : ((listing.json() as Thing)['entries'] as { readonly name: string }[])
    expect(entries.map(({ name }) => name)).to.have.members([...files.keys()])
    for (const [name, { content, modified }] of files) {
      const answer = await house.call('GET', `${folder}/${name}`)
      expect([answer.text(), answer.headers['last-modified']]).to.deep.equal([content, modified])
    }
  }
})
