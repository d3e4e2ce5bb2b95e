import { expect } from 'chai'
import { FixedClock } from '../support/fixed-clock.js'
import type { House } from '../support/house.js'
import { memberOf, operatorOf, type Thing } from '../support/management.js'
import { openShelves, readAll, type Shelf, shelves } from '../support/shelves.js'

describe('undo of deletes', () => {
  let house: House
  const clock = new FixedClock()
  before(async () => {
    house = await openShelves(clock)
  })
  after(() => house.close())

  const deleted = async (repository: string) =>
    (await operatorOf(house).items(`deleted?repository=${repository}`)) as readonly Thing[]
  const filesOf = async (repository: string) =>
    (await house.storedFiles()).filter((path) => path.startsWith(`acme/${repository}/`))
  const address = (shelf: Shelf, version: string) =>
    `packages/${shelf.format}/${encodeURIComponent(shelf.name).replaceAll('%25', '%')}/${shelf.version(version)}`

  for (const shelf of shelves) {
    it(`of a version of ${shelf.format} is the identity on all that can be read`, async () => {
      await shelf.publish(house, shelf.format, '1.0.0')
      clock.advance(5_000)
      await shelf.publish(house, shelf.format, '2.0.0')
      const [before, files] = [await readAll(house, shelf, shelf.format, '2.0.0'), await filesOf(shelf.format)]
      clock.advance(5_000)
      await operatorOf(house).done('DELETE', `${address(shelf, '2.0.0')}?reason=a+mistake`)
      expect(await readAll(house, shelf, shelf.format, '2.0.0')).to.not.deep.equal(before)
      expect(await filesOf(shelf.format)).to.not.deep.equal(files)

      const [one, ...others] = await deleted(shelf.format)
      expect(others).to.deep.equal([])
      expect(one).to.deep.include({
        package: shelf.pkg,
        version: shelf.version('2.0.0'),
        reason: 'a mistake',
        at: clock.now().toISOString(),
        purgeAfter: new Date(clock.now().getTime() + 14 * 86_400_000).toISOString(),
      })
      expect(JSON.stringify(one)).to.contain('"kind":"operator"')
      clock.advance(5_000)
      await operatorOf(house).done('POST', `deleted/${shelf.format}/${one?.['id']}/undo`)
      expect(await readAll(house, shelf, shelf.format, '2.0.0')).to.deep.equal(before)
      expect(await filesOf(shelf.format)).to.deep.equal(files)
      expect(await deleted(shelf.format)).to.deep.equal([])
      expect((await operatorOf(house).send('POST', `deleted/${shelf.format}/${one?.['id']}/undo`)).status).to.equal(404)
    })
  }

  it('takes back what the protocols themselves delete: a file of raw, a version and a whole package of npm, files of Maven in any order', async () => {
    const shelf = (format: string) => shelves.find((one) => one.format === format) as Shelf
    const undoAll = async (repository: string, ids = (list: readonly Thing[]) => list) => {
      for (const { id } of ids(await deleted(repository)))
        await operatorOf(house).done('POST', `deleted/${repository}/${id}/undo`)
    }
    const raw = await readAll(house, shelf('raw'), 'raw', '1.0.0')
    expect((await house.call('DELETE', '/acme/raw/docs/guide/1.0.0.txt', { as: 'olga' })).status).to.equal(204)
    await undoAll('raw')
    expect(await readAll(house, shelf('raw'), 'raw', '1.0.0')).to.deep.equal(raw)

    const npm = await readAll(house, shelf('npm'), 'npm', '2.0.0')
    const { _rev } = (await house.call('GET', '/acme/npm/@acme%2fui?write=true', { as: 'olga' })).json() as { _rev: string }
    expect((await house.call('DELETE', `/acme/npm/@acme%2fui/-rev/${_rev}`, { as: 'olga' })).status).to.equal(200)
    expect((await house.call('GET', '/acme/npm/@acme%2fui', { as: 'olga' })).status).to.equal(404)
    expect(await deleted('npm')).to.have.length(1)
    await undoAll('npm')
    expect(await readAll(house, shelf('npm'), 'npm', '2.0.0')).to.deep.equal(npm)

    for (const reversed of [false, true]) {
      const maven = await readAll(house, shelf('maven'), 'maven', '2.0.0')
      for (const name of ['jar', 'pom'])
        expect((await house.call('DELETE', `/acme/maven/org/demo/lib/2.0.0/lib-2.0.0.${name}`, { as: 'olga' })).status).to.equal(
          204,
        )
      await undoAll('maven', (list) => (reversed ? [...list].reverse() : list))
      expect(await filesOf('maven')).to.have.length(4)
      const now = await readAll(house, shelf('maven'), 'maven', '2.0.0')
      if (reversed) expect(now).to.deep.equal(maven)
      else expect(JSON.stringify(now)).to.contain('<release>2.0.0</release>')
    }
  })

  it('is refused in words where something else stands there now', async () => {
    await house.call('PUT', '/acme/raw/taken.txt', { body: 'first' })
    await house.call('DELETE', '/acme/raw/taken.txt', { as: 'olga' })
    await house.call('PUT', '/acme/raw/taken.txt', { body: 'second' })
    const [one] = await deleted('raw')
    const answer = await operatorOf(house).send('POST', `deleted/raw/${one?.['id']}/undo`)
    expect([answer.status, (answer.json() as Thing)['detail']]).to.deep.equal([409, 'The file exists with other content'])
    expect((await house.call('GET', '/acme/raw/taken.txt')).text()).to.equal('second')
  })

  it('needs the right to delete there', async () => {
    const [one] = await deleted('raw')
    expect((await memberOf(house, 'dora').send('GET', 'deleted?repository=raw')).status).to.equal(403)
    expect((await memberOf(house, 'dora').send('POST', `deleted/raw/${one?.['id']}/undo`)).status).to.equal(403)
    expect((await memberOf(house, 'rita').send('GET', 'deleted?repository=raw')).status).to.equal(403)
    expect((await memberOf(house, 'olga').send('GET', 'deleted?repository=raw')).status).to.equal(200)
    expect((await memberOf(house, 'bert').send('GET', 'deleted?repository=raw')).status).to.equal(401)
  })

  it('ends after fourteen days', async () => {
    const [one] = await deleted('raw')
    clock.advance(14 * 86_400_000 + 1)
    expect(await deleted('raw')).to.deep.equal([])
    expect((await operatorOf(house).send('POST', `deleted/raw/${one?.['id']}/undo`)).status).to.equal(404)
  })
})
