import { expect } from 'chai'
import { FixedClock } from '../support/fixed-clock.js'
import type { House } from '../support/house.js'
import { memberOf, operatorOf, type Thing } from '../support/management.js'
import { openShelves, readAll, type Shelf, shelves } from '../support/shelves.js'

const times = /^(?:last-modified|etag)$/
const clocks = /\d{4}-\d\d-\d\dT[\d:.]+Z|<lastUpdated>\d+<\/lastUpdated>/g
const timeless = (read: unknown) => JSON.stringify(read).replaceAll(clocks, 'T')

describe('promoting a version', () => {
  let house: House
  beforeEach(async () => {
    house = await openShelves(new FixedClock())
  })
  afterEach(() => house.close())

  const promote = (shelf: Shelf, body: object = {}, version = '1.0.0') =>
    operatorOf(house).send(
      'POST',
      `packages/${shelf.format}/${encodeURIComponent(shelf.name).replaceAll('%25', '%')}/${shelf.version(version)}/promote`,
      { to: `${shelf.format}-2`, ...body },
    )
  const named = (format: string) => shelves.find((one) => one.format === format) as Shelf

  for (const shelf of shelves) {
    it(`of ${shelf.format} makes it readable there as it is here, and stores no byte twice`, async () => {
      await shelf.publish(house, shelf.format, '1.0.0')
      const blobs = await house.storedBlobs()
      const here = await readAll(house, shelf, shelf.format, '1.0.0', times)
      const answer = await promote(shelf)
      expect([answer.status, answer.json()]).to.deep.equal([
        200,
        {
          repository: `${shelf.format}-2`,
          package: shelf.pkg,
          version: shelf.version('1.0.0'),
          files: shelf.format === 'pypi' || shelf.format === 'maven' ? 2 : 1,
        },
      ])
      expect(await house.storedBlobs()).to.equal(blobs)
      expect(timeless(await readAll(house, shelf, `${shelf.format}-2`, '1.0.0', times))).to.equal(timeless(here))
      expect(timeless(await readAll(house, shelf, shelf.format, '1.0.0', times))).to.equal(timeless(here))
      const files = await house.storedFiles()
      expect(files.filter((path) => path.startsWith(`acme/${shelf.format}-2/`))).to.have.length(files.length / 2)
      // Again is no change.
      expect((await promote(shelf)).json()).to.deep.include({ files: 0 })
    })
  }

  it('with move takes it away here, and that can be undone', async () => {
    const raw = named('raw')
    await raw.publish(house, 'raw', '1.0.0')
    expect((await promote(raw, { move: true })).status).to.equal(200)
    expect(await house.storedFiles()).to.deep.equal(['acme/raw-2/docs/guide/1.0.0.txt'])
    const [one] = await operatorOf(house).items('deleted?repository=raw')
    expect(one?.['reason']).to.equal('promoted to raw-2')
    await operatorOf(house).done('POST', `deleted/raw/${one?.['id']}/undo`)
    expect(await house.storedFiles()).to.deep.equal(['acme/raw-2/docs/guide/1.0.0.txt', 'acme/raw/docs/guide/1.0.0.txt'])
  })

  it("moves npm's latest forward, never back, and sets the tags that were asked for", async () => {
    const npm = named('npm')
    for (const version of ['1.0.0', '2.0.0', '3.0.0']) await npm.publish(house, 'npm', version)
    const tags = async () => (await house.call('GET', '/acme/npm-2/-/package/@acme%2fui/dist-tags')).json()
    await promote(npm, {}, '2.0.0')
    await promote(npm, {}, '1.0.0')
    expect(await tags()).to.deep.equal({ latest: '2.0.0' })
    await promote(npm, { tags: ['next'] }, '3.0.0')
    expect(await tags()).to.deep.equal({ latest: '2.0.0', next: '3.0.0' })
  })

  it('follows the rules of the target', async () => {
    const maven = named('maven')
    await maven.publish(house, 'maven', '1.0.0')
    await operatorOf(house).done('PATCH', 'repositories/maven-2', { policy: 'snapshot' })
    expect((await promote(maven)).status).to.equal(400)
    const raw = named('raw')
    await raw.publish(house, 'raw', '1.0.0')
    await operatorOf(house).done('PATCH', 'repositories/raw-2', { maxSize: 3 })
    expect((await promote(raw)).status).to.equal(413)
    const wrong = await promote(raw, { to: 'npm' })
    expect([wrong.status, (wrong.json() as Thing)['detail']]).to.deep.equal([409, 'raw holds raw, and npm npm'])
    expect((await promote(raw, { to: 'nowhere' })).status).to.equal(404)
    expect((await promote(raw, {}, '9.0.0')).status).to.equal(404)
    expect((await house.storedFiles()).filter((path) => path.includes('-2/'))).to.deep.equal([])
  })

  it('needs both rights: to read here and to write there, and to delete here for a move', async () => {
    const raw = named('raw')
    await raw.publish(house, 'raw', '1.0.0')
    const as = (who: 'dora' | 'rita' | 'gus', body: object = {}) =>
      memberOf(house, who).send('POST', 'packages/raw/docs%2Fguide/1.0.0.txt/promote', { to: 'raw-2', ...body })
    expect((await as('rita')).status).to.equal(403)
    expect((await as('gus')).status).to.equal(403)
    expect((await as('dora', { move: true })).status).to.equal(403)
    const gus = (await operatorOf(house).items('members')).find(({ name }) => name === 'gus')
    const grant = (repository: string, level: string) =>
      operatorOf(house).done('PUT', 'grants', { subject: `member:${gus?.['name']}`, repository, level })
    await grant('raw-2', 'write')
    expect((await as('gus')).status).to.equal(404)
    await grant('raw', 'read')
    expect((await as('gus')).status).to.equal(200)
  })

  it('of a version with more files than a commit takes is one step all the same', async () => {
    const tails = Array.from({ length: 40 }, (_, n) => `-part${n}.jar`)
    const folder = 'org/demo/big/1.0'
    for (const tail of [...tails, '.pom']) {
      const body = tail === '.pom' ? pom : `content of ${tail}`
      expect((await house.call('PUT', `/acme/maven/${folder}/big-1.0${tail}`, { body })).status).to.equal(201)
    }
    const metadata =
      '<metadata><groupId>org.demo</groupId><artifactId>big</artifactId><versioning><versions><version>1.0</version></versions></versioning></metadata>'
    expect((await house.call('PUT', '/acme/maven/org/demo/big/maven-metadata.xml', { body: metadata })).status).to.be.within(
      200,
      204,
    )
    const answer = await operatorOf(house).done('POST', 'packages/maven/org.demo:big/1.0/promote', { to: 'maven-2', move: true })
    expect(answer['files']).to.equal(41)
    const files = await house.storedFiles()
    expect(files).to.have.length(41)
    expect(files.every((path) => path.startsWith('acme/maven-2/'))).to.equal(true)
    const [one] = await operatorOf(house).items('deleted?repository=maven')
    expect(one).to.deep.include({ files: 41, package: 'org/demo/big', version: '1.0' })
    await operatorOf(house).done('POST', `deleted/maven/${one?.['id']}/undo`)
    expect(await house.storedFiles()).to.have.length(82)
    expect((await house.call('GET', `/acme/maven/${folder}/big-1.0-part39.jar`)).text()).to.equal('content of -part39.jar')
  })
})

const pom =
  '<project xmlns="http://maven.apache.org/POM/4.0.0"><modelVersion>4.0.0</modelVersion><groupId>org.demo</groupId><artifactId>big</artifactId><version>1.0</version></project>'
