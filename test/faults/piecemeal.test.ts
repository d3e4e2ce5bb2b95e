import { expect } from 'chai'
import maven from '../../plugins/maven/index.js'
import npm from '../../plugins/npm/index.js'
import pypi from '../../plugins/pypi/index.js'
import raw from '../../plugins/raw/index.js'
import { metadataStoreContract } from '../contract/index.js'
import { type House, openHouse } from '../support/house.js'
import { publishAll, type Upload, uploadShelves } from '../support/uploaders.js'
import { PiecemealStore } from './piecemeal-store.js'

metadataStoreContract('PiecemealStore', async () => new PiecemealStore(1))

const rounds = 8

/** What a reader met that no reader may meet. */
interface Met {
  readonly failures: string[]
  readonly stale: string[]
}

async function hammer(store: PiecemealStore): Promise<Met> {
  const metadata = store
  const house = await openHouse({
    plugins: [maven, npm, pypi, raw],
    repositories: [...uploadShelves],
    store: 'memory',
    parts: async () => ({ metadata }),
    idle: true,
  })
  const met: Met = { failures: [], stale: [] }
  try {
    await publishAll(house, all('0.0.0'), 4)
    let over = false
    const readers = addresses.map(async (address) => {
      while (!over) await read(house, address, met)
    })
    for (let round = 1; round <= rounds; round++) {
      const version = `${round}.0.0`
      await publishAll(house, all(version), 4)
      // What was acknowledged is in every index, at once and from then on.
      for (const { target, index } of addresses.filter(({ index }) => index)) {
        const { text } = await house.call('GET', target).then((answer) => ({ text: answer.text() }))
        if (index && !text.includes(version)) met.stale.push(`${target} without ${version}`)
      }
      const body = `state ${round}`
      const put = await house.call('PUT', '/acme/files/state.txt', { body })
      if (put.status > 204) met.failures.push(`PUT ${put.status} ${put.text()}`)
      const got = await house.call('GET', '/acme/files/state.txt')
      if (got.text() !== body) met.stale.push(`state.txt ${got.status} ${got.text()} after ${body}`)
    }
    over = true
    await Promise.all(readers)
  } finally {
    await house.close()
  }
  return met
}

const all = (version: string): Upload[] => uploadShelves.map(({ format }): Upload => [format, 'pkg', version])
const addresses = [
  { target: '/acme/files/state.txt', index: false },
  { target: '/acme/js/pkg', index: true },
  { target: '/acme/py/simple/pkg/', index: true },
  { target: '/acme/mvn/org/demo/pkg/maven-metadata.xml', index: true },
  { target: '/acme/files/pkg/?format=json', index: true },
]

async function read(house: House, { target }: { readonly target: string }, met: Met): Promise<void> {
  const { status, text } = await house.call('GET', target).then((answer) => ({ status: answer.status, text: answer.text() }))
  if (status !== 200 && status !== 404) met.failures.push(`GET ${target} ${status} ${text.slice(0, 200)}`)
}

describe('a house whose commits appear row by row', function () {
  this.timeout(120_000)

  it('answers readers with what was or what is, and keeps no document of a commit that was seen in part', async () => {
    const store = new PiecemealStore(20_261)
    expect(await hammer(store)).to.deep.equal({ failures: [], stale: [] })
    expect(store.torn).to.be.greaterThan(1_000)
  })

  it('is known for one: where the store does not tell, readers meet it', async () => {
    const { failures, stale } = await hammer(new PiecemealStore(20_261, 12, false))
    expect(failures).to.not.deep.equal([])
    // Kept under a revision that they do not show, and wrong from then on.
    expect(stale).to.not.deep.equal([])
  })
})
