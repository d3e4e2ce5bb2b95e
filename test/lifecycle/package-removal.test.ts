import { expect } from 'chai'
import { unavailable } from '#core'
import { MemoryMetadataStore } from '../../core/storage/drivers/memory-metadata-store.js'
import api from '../../plugins/api/index.js'
import { mavenPlugin } from '../../plugins/maven/index.js'
import raw from '../../plugins/raw/index.js'
import { FixedClock } from '../support/fixed-clock.js'
import { type House, openHouse } from '../support/house.js'
import { operatorOf, type Thing } from '../support/management.js'
import { MavenDeployment } from '../support/maven-deployment.js'
import { openShelves, readAll, type Shelf, shelves } from '../support/shelves.js'

describe('the removal of a whole package', () => {
  let house: House
  const clock = new FixedClock()
  const address = ({ format, name }: Shelf) => `packages/${format}/${name.replaceAll('@', '%40')}`
  const deleted = (repository: string) => operatorOf(house).items(`deleted?repository=${repository}`)
  const filesOf = async (repository: string) =>
    (await house.storedFiles()).filter((path) => path.startsWith(`acme/${repository}/`))

  describe('in every format', () => {
    before(async () => {
      house = await openShelves(clock)
    })
    after(() => house.close())

    for (const shelf of shelves)
      it(`takes all of it in ${shelf.format}, spends its versions, and is one thing to undo`, async () => {
        const { format } = shelf
        for (const version of ['1.0.0', '2.0.0']) {
          await shelf.publish(house, format, version)
          clock.advance(5_000)
        }
        const [read, files] = [await readAll(house, shelf, format, '1.0.0'), await filesOf(format)]
        await operatorOf(house).done('DELETE', `${address(shelf)}?reason=wrong+house`)
        expect(await filesOf(format)).to.deep.equal([])
        expect(await operatorOf(house).items(`packages/${format}`)).to.deep.equal([])
        const own = shelf.reads('1.0.0').filter((path) => path.includes('1.0.0'))
        for (const path of own) expect((await house.call('GET', `/acme/${format}/${path}`)).status, path).to.be.oneOf([404, 410])
        expect((await operatorOf(house).send('DELETE', address(shelf))).status).to.equal(404)

        const [one, ...others] = await deleted(format)
        expect(others).to.deep.equal([])
        expect(one).to.deep.include({ package: shelf.pkg, version: null, reason: 'wrong house' })
        clock.advance(5_000)
        await operatorOf(house).done('POST', `deleted/${format}/${one?.['id']}/undo`)
        expect(await readAll(house, shelf, format, '1.0.0')).to.deep.equal(read)
        expect(await filesOf(format)).to.deep.equal(files)
        expect(await deleted(format)).to.deep.equal([])
      })

    it('leaves no version of npm and no coordinates of Maven to be published again with other bytes', async () => {
      for (const format of ['npm', 'maven']) {
        const shelf = shelves.find((one) => one.format === format) as Shelf
        await operatorOf(house).done('DELETE', address(shelf))
      }
      const npm = shelves.find(({ format }) => format === 'npm') as Shelf
      const again = (await npm.publish(house, 'npm', '1.0.0')) as { status: number; text(): string }
      expect([again.status, again.text()]).to.deep.equal([
        403,
        JSON.stringify({ error: 'Cannot publish over previously unpublished version 1.0.0.' }),
      ])
      const other = await new MavenDeployment(house, '/acme/maven').put('org/demo/lib/1.0.0/lib-1.0.0.jar', 'other bytes')
      expect([other.status, (other.json() as Thing)['title']]).to.deep.equal([
        409,
        'Release was removed and its name takes no other content',
      ])
      for (const format of ['npm', 'maven']) expect(await filesOf(format)).to.deep.equal([])
    })

    it('takes one file of raw, or a folder with all that lies below it, and nothing beside', async () => {
      const put = (path: string) => house.call('PUT', `/acme/raw-2/${path}`, { body: path })
      for (const path of ['a/1.txt', 'a/2.txt', 'a/b/3.txt', 'ab/4.txt']) await put(path)
      await operatorOf(house).done('DELETE', 'packages/raw-2/a%2F1.txt')
      clock.advance(1_000)
      expect(await filesOf('raw-2')).to.deep.equal(['a/2.txt', 'a/b/3.txt', 'ab/4.txt'].map((path) => `acme/raw-2/${path}`))
      await operatorOf(house).done('DELETE', 'packages/raw-2/a')
      expect(await filesOf('raw-2')).to.deep.equal(['acme/raw-2/ab/4.txt'])
      expect((await operatorOf(house).send('DELETE', 'packages/raw-2/a')).status).to.equal(404)
      expect((await deleted('raw-2')).map((one) => one['package'])).to.deep.equal(['a/1.txt', 'a'])
    })
  })

  describe('of more than one commit', () => {
    const versions = Array.from({ length: 45 }, (_, index) => `1.${index}`)
    /** How many commits still come through; then the store is gone. */
    let left = Number.POSITIVE_INFINITY
    class DyingStore extends MemoryMetadataStore {
      override commit(...commit: Parameters<MemoryMetadataStore['commit']>): Promise<void> {
        if (left <= 0) return Promise.reject(unavailable('The store is gone', 1))
        left -= 1
        return super.commit(...commit)
      }
    }
    beforeEach(async () => {
      left = Number.POSITIVE_INFINITY
      house = await openHouse({
        plugins: [mavenPlugin(), raw, api],
        repositories: [{ name: 'maven', format: 'maven' }],
        clock,
        parts: async () => ({ metadata: new DyingStore() }),
      })
    })
    afterEach(() => house.close())

    it('is cut by a crash at any commit, goes on when it is asked for again, and comes back whole', async () => {
      const deployment = new MavenDeployment(house, '/acme/maven')
      for (const version of versions) await deployment.release({ group: 'org.demo', artifact: 'lib', version }, `jar ${version}`)
      const listed = async () => {
        const { text } = await deployment.get('org/demo/lib/maven-metadata.xml')
        return [...text().matchAll(/<version>(.*?)<\/version>/g)].map(([, version]) => version)
      }
      const files = await filesOf('maven')
      expect(await listed()).to.deep.equal(versions)

      let cuts = 0
      for (let room = 1; ; room += 7) {
        left = room
        const answer = await operatorOf(house).send('DELETE', 'packages/maven/org.demo%3Alib?reason=old')
        left = Number.POSITIVE_INFINITY
        // What was written ahead is taken back once nobody has gone on with it.
        clock.advance(16 * 60_000)
        if (answer.status === 204) break
        expect(answer.status, answer.text()).to.equal(503)
        // Whole steps alone: the list says exactly what is there.
        const there = await filesOf('maven')
        expect(await listed()).to.deep.equal(versions.filter((one) => there.some((path) => path.includes(`/${one}/`))))
        expect((45 - (await listed()).length) % 20).to.equal(0)
        cuts += 1
      }
      expect(cuts).to.be.at.least(2)
      expect(await filesOf('maven')).to.deep.equal([])
      expect(await operatorOf(house).items('packages/maven')).to.deep.equal([])
      expect((await deployment.get('org/demo/lib/maven-metadata.xml')).status).to.equal(404)

      for (const { id } of await deleted('maven')) await operatorOf(house).done('POST', `deleted/maven/${id}/undo`)
      expect(await filesOf('maven')).to.deep.equal(files)
      expect(await listed()).to.deep.equal(versions)
      expect((await operatorOf(house).items('packages/maven'))[0]).to.deep.include({ name: 'org/demo/lib', latest: '1.44' })
      expect(await deleted('maven')).to.deep.equal([])
    })

    it('spares what is published while it goes on', async () => {
      const deployment = new MavenDeployment(house, '/acme/maven')
      for (const version of versions) await deployment.release({ group: 'org.demo', artifact: 'lib', version }, `jar ${version}`)
      const [removal] = await Promise.all([
        operatorOf(house).send('DELETE', 'packages/maven/org.demo%3Alib'),
        deployment.release({ group: 'org.demo', artifact: 'lib', version: '2.0' }, 'jar 2.0'),
      ])
      expect(removal.status).to.equal(204)
      const there = await filesOf('maven')
      expect(there).to.deep.equal(['jar', 'pom'].map((type) => `acme/maven/org/demo/lib/2.0/lib-2.0.${type}`))
      expect((await operatorOf(house).items('packages/maven'))[0]).to.deep.include({ latest: '2.0' })
    })
  })
})
