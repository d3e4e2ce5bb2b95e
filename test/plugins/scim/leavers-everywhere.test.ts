import { expect } from 'chai'
import api from '../../../plugins/api/index.js'
import maven from '../../../plugins/maven/index.js'
import npm from '../../../plugins/npm/index.js'
import pypi from '../../../plugins/pypi/index.js'
import raw from '../../../plugins/raw/index.js'
import scim from '../../../plugins/scim/index.js'
import { Browser } from '../../support/browser.js'
import type { House } from '../../support/house.js'
import { Provider, scimHouse } from '../../support/scim.js'

const formats = ['maven', 'npm', 'pypi', 'raw']
/** What each of them answers somebody who may read. */
const places: readonly (readonly [path: string, known: number])[] = [
  ['/acme/maven/org/example/none.pom', 404],
  ['/acme/npm/none', 404],
  ['/acme/npm/-/whoami', 200],
  ['/acme/pypi/simple/', 200],
  ['/acme/raw/', 200],
]

describe('a user whom an identity provider takes out', () => {
  let here: House
  let there: House
  beforeEach(async () => {
    const options = {
      plugins: [maven, npm, pypi, raw, api, scim],
      repositories: formats.map((format) => ({ name: format, format })),
      behindProxy: true,
    }
    here = await scimHouse(options)
    there = await scimHouse({ ...options, repositories: [], beside: here })
  })
  afterEach(async () => {
    await there.close()
    await here.close()
  })

  for (const how of ['deactivated', 'deleted'] as const)
    it(`and ${how} reaches no format any more, at neither process, by token, password or session`, async () => {
      const okta = await Provider.of(here)
      const [dora] = (await okta.list('/Users?filter=userName+eq+%22dora%22')).Resources
      const ways = [`Bearer ${here.token('dora')}`, `Basic ${Buffer.from(`dora:${here.password('dora')}`).toString('base64')}`]
      let sources = 0
      const look = async () => {
        const seen: (readonly [string, number])[] = []
        for (const house of [here, there])
          for (const authorization of ways)
            for (const [path] of places) {
              sources += 1
              const headers = { authorization, 'x-forwarded-for': `192.0.2.${sources}` }
              seen.push([path, (await house.call('GET', path, { as: 'nobody', headers })).status])
            }
        return seen
      }
      const all = (status: (known: number) => number) =>
        [1, 2, 3, 4].flatMap(() => places.map(([path, known]) => [path, status(known)]))
      const browser = new Browser(there)
      expect((await browser.signIn('dora', here.password('dora'))).status).to.equal(201)
      expect(await look()).to.deep.equal(all((known) => known))

      const path = `/Users/${dora?.id}`
      if (how === 'deleted') await okta.done(204, 'DELETE', path)
      else expect((await okta.patch(path, { op: 'Replace', path: 'active', value: 'False' })).status).to.equal(200)
      expect(await look()).to.deep.equal(all(() => 401))
      expect((await browser.call('GET', 'session')).status).to.equal(401)
    })
})
