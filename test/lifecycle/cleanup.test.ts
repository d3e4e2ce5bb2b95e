import { expect } from 'chai'
import { FixedClock } from '../support/fixed-clock.js'
import type { House } from '../support/house.js'
import { instanceOf, memberOf, operatorOf } from '../support/management.js'
import { MavenDeployment } from '../support/maven-deployment.js'
import { openShelves, type Shelf, shelves } from '../support/shelves.js'

const day = 86_400_000

describe('retention', () => {
  let house: House
  let clock: FixedClock
  beforeEach(async () => {
    clock = new FixedClock()
    house = await openShelves(clock)
  })
  afterEach(() => house.close())

  const rule = (repository: string, rules: object, more: object = { activate: true }) =>
    operatorOf(house).done('PUT', `repositories/${repository}/cleanup`, { rules, ...more })
  const preview = async (repository: string, body: object = {}) =>
    (await operatorOf(house).done('POST', `repositories/${repository}/cleanup/preview`, body))['items'] as Record<
      string,
      string
    >[]
  const run = () => house.kernel.chores.run('cleanup')
  const named = (format: string) => shelves.find((one) => one.format === format) as Shelf

  for (const shelf of shelves) {
    it(`of ${shelf.format} takes old versions by the ordinary delete, tells why beforehand, and undo brings them back`, async () => {
      for (const version of ['1.0.0', '2.0.0']) {
        await shelf.publish(house, shelf.format, version)
        clock.advance(day)
      }
      const files = await house.storedFiles()
      await rule(shelf.format, { olderThanDays: 10, releases: true, delayDays: 2 })
      expect(await preview(shelf.format)).to.deep.equal([])
      clock.advance(9 * day)
      expect(await preview(shelf.format)).to.deep.equal([
        {
          package: shelf.pkg,
          version: shelf.version('1.0.0'),
          build: null,
          publishedAt: '2026-01-31T12:00:00.000Z',
          reason: 'older than 10 days',
          goesAt: '2026-02-12T12:00:00.000Z',
        },
      ])
      await run()
      expect(await house.storedFiles()).to.deep.equal(files)
      clock.advance(2 * day)
      await run()
      const left = await house.storedFiles()
      expect(left).to.deep.equal(files.filter((path) => !path.includes('1.0.0')))
      const [one] = await operatorOf(house).items(`deleted?repository=${shelf.format}`)
      expect(one).to.deep.include({
        package: shelf.pkg,
        version: shelf.version('1.0.0'),
        reason: 'retention: older than 10 days',
      })
      await operatorOf(house).done('POST', `deleted/${shelf.format}/${one?.['id']}/undo`)
      expect(await house.storedFiles()).to.deep.equal(files)
    })
  }

  it('leaves tagged versions of npm and releases of Maven, and takes builds of a snapshot beyond the newest', async () => {
    const npm = named('npm')
    for (const version of ['1.0.0', '2.0.0', '3.0.0']) await npm.publish(house, 'npm', version)
    await house.call('PUT', '/acme/npm/-/package/@acme%2fui/dist-tags/lts', {
      headers: { 'content-type': 'application/json' },
      body: '"1.0.0"',
    })
    await rule('npm', { keepVersions: 1 })
    await named('maven').publish(house, 'maven', '1.0.0')
    const maven = new MavenDeployment(house, '/acme/maven')
    const at = { group: 'org.demo', artifact: 'lib', version: '1.1-SNAPSHOT' }
    const pom =
      '<project><modelVersion>4.0.0</modelVersion><groupId>org.demo</groupId><artifactId>lib</artifactId><version>1.1-SNAPSHOT</version></project>'
    for (const n of [1, 2, 3]) {
      clock.advance(60_000)
      await maven.snapshot(at, `20260131.12000${n}-${n}`, { '.jar': `build ${n}`, '.pom': pom })
    }
    await rule('maven', { keepBuilds: 2, olderThanDays: 1 })
    clock.advance(5 * day)
    await run()
    const files = await house.storedFiles()
    expect(files.filter((path) => path.startsWith('acme/npm/'))).to.deep.equal([
      'acme/npm/@acme/ui/-/ui-1.0.0.tgz',
      'acme/npm/@acme/ui/-/ui-3.0.0.tgz',
    ])
    expect(files.filter((path) => path.endsWith('.jar'))).to.deep.equal([
      'acme/maven/org/demo/lib/1.0.0/lib-1.0.0.jar',
      'acme/maven/org/demo/lib/1.1-SNAPSHOT/lib-1.1-20260131.120002-2.jar',
      'acme/maven/org/demo/lib/1.1-SNAPSHOT/lib-1.1-20260131.120003-3.jar',
    ])
    expect((await house.call('GET', '/acme/maven/org/demo/lib/1.1-SNAPSHOT/lib-1.1-SNAPSHOT.jar')).text()).to.equal('build 3')
  })

  for (const shelf of shelves) {
    it(`of ${shelf.format} spares what was downloaded, and takes nothing for unused before downloads are counted`, async () => {
      for (const version of ['1.0.0', '2.0.0', '3.0.0']) {
        await shelf.publish(house, shelf.format, version)
        clock.advance(day)
      }
      await rule(shelf.format, { notDownloadedForDays: 30, releases: true })
      clock.advance(40 * day)
      expect(await preview(shelf.format)).to.deep.equal([])
      await house.kernel.downloads.flush()
      clock.advance(29 * day)
      expect(await preview(shelf.format)).to.deep.equal([])
      for (const address of shelf.reads('1.0.0')) await house.call('GET', `/acme/${shelf.format}/${address}`)
      await house.kernel.downloads.flush()
      clock.advance(2 * day)
      expect((await preview(shelf.format)).map(({ version, reason }) => [version, reason])).to.deep.equal([
        [shelf.version('2.0.0'), 'not downloaded for 30 days'],
      ])
    })
  }

  it('tries new rules for a day, keeps its delay, and spares what was published anew', async () => {
    await named('raw').publish(house, 'raw', '1.0.0')
    await named('raw').publish(house, 'raw', '2.0.0')
    clock.advance(30 * day)
    const state = await rule('raw', { olderThanDays: 7 }, {})
    expect(state['activeFrom']).to.equal(new Date(clock.now().getTime() + day).toISOString())
    await run()
    expect(await house.storedFiles()).to.have.length(2)
    expect(await preview('raw', { rules: { olderThanDays: 100 } })).to.deep.equal([])
    // Other bytes under the old name: it is new again.
    await house.call('PUT', '/acme/raw/docs/guide/1.0.0.txt', { body: 'renewed' })
    clock.advance(2 * day)
    await run()
    expect(await house.storedFiles()).to.deep.equal(['acme/raw/docs/guide/1.0.0.txt'])
  })

  it('rests while anything is read-only, and ends with its rules', async () => {
    for (const version of ['1.0.0', '2.0.0']) await named('raw').publish(house, 'raw', version)
    await rule('raw', { olderThanDays: 1 })
    clock.advance(5 * day)
    await instanceOf(house).done('PATCH', 'organizations/acme', { readOnly: 'audit' })
    await run()
    await instanceOf(house).done('PATCH', 'organizations/acme', { readOnly: null })
    await instanceOf(house).done('PUT', 'read-only', { reason: 'backup' })
    await run()
    await instanceOf(house).done('PUT', 'read-only', { reason: null })
    expect(await house.storedFiles()).to.have.length(2)
    await operatorOf(house).done('DELETE', 'repositories/raw/cleanup')
    await run()
    expect(await house.storedFiles()).to.have.length(2)
    expect((await operatorOf(house).send('GET', 'repositories/raw/cleanup')).status).to.equal(404)
  })

  it('is set by administrators alone, and by rules that say something; its preview is paged', async () => {
    expect(
      (await memberOf(house, 'dora').send('PUT', 'repositories/raw/cleanup', { rules: { keepVersions: 1 } })).status,
    ).to.equal(403)
    expect((await operatorOf(house).send('PUT', 'repositories/raw/cleanup', { rules: { delayDays: 1 } })).status).to.equal(400)
    await operatorOf(house).done('PATCH', 'repositories/maven', { keepSnapshotBuilds: 3 })
    expect((await operatorOf(house).done('GET', 'repositories/maven/cleanup'))['rules']).to.deep.equal({ keepBuilds: 3 })
    for (const version of ['1.0.0', '2.0.0', '3.0.0']) {
      await named('raw').publish(house, 'raw', version)
      clock.advance(day)
    }
    const body = { rules: { olderThanDays: 0 } }
    const first = await operatorOf(house).done('POST', 'repositories/raw/cleanup/preview?limit=1', body)
    const second = await operatorOf(house).done('POST', `repositories/raw/cleanup/preview?limit=1&cursor=${first['next']}`, body)
    const names = [first, second].map(({ items }) => (items as { version: string }[]).map(({ version }) => version))
    expect([names, second['next']]).to.deep.equal([[['1.0.0.txt'], ['2.0.0.txt']], null])
  })
})
