import { expect } from 'chai'
import { FixedClock } from '../../support/fixed-clock.js'
import type { House } from '../../support/house.js'
import { expectRefusal, memberOf, operatorOf, type Thing } from '../../support/management.js'
import { MavenDeployment, pomOf } from '../../support/maven-deployment.js'
import { openShelves, type Shelf, shelves } from '../../support/shelves.js'

const start = new FixedClock().now().getTime()
const at = (seconds: number) => new Date(start + seconds * 1_000).toISOString()
const version = (version: string, seconds: number, more: Thing = {}) => ({
  version,
  publishedAt: at(seconds),
  status: 'active',
  reason: null,
  tags: [],
  builds: null,
  ...more,
})

describe('a package of the management interface', () => {
  let house: House
  let clock: FixedClock
  beforeEach(async () => {
    clock = new FixedClock()
    house = await openShelves(clock)
  })
  afterEach(() => house.close())

  const shelf = (format: string) => shelves.find((one) => one.format === format) as Shelf
  const publish = async (format: string) => {
    for (const one of ['1.0.0', '2.0.0']) {
      await shelf(format).publish(house, format, one)
      clock.advance(1_000)
    }
  }
  const operator = () => operatorOf(house)
  const show = (format: string, query = '') => operator().done('GET', `packages/${format}/${shelf(format).name}${query}`)
  const told = async (format: string) => {
    const { status, reason, versionCount, versions, next } = await show(format)
    return { status, reason, versionCount, versions, next }
  }

  it('of npm tells its versions, newest first, with their tags and deprecations', async () => {
    await publish('npm')
    const plain = { status: 'active', reason: null, versionCount: 2, next: null }
    const newest = version('2.0.0', 1, { tags: ['latest'] })
    expect(await show('npm')).to.deep.equal({
      repository: 'npm',
      format: 'npm',
      name: '@acme/ui',
      title: '@acme/ui',
      latest: '2.0.0',
      description: 'says 2.0.0',
      license: null,
      homepage: null,
      keywords: [],
      ...plain,
      versions: [newest, version('1.0.0', 0)],
    })
    const deprecate = async (words: Readonly<Record<string, string>>) => {
      const document = (await house.call('GET', '/acme/npm/@acme%2fui?write=true')).json() as { versions: Record<string, Thing> }
      for (const [one, deprecated] of Object.entries(words)) document.versions[one] = { ...document.versions[one], deprecated }
      const answer = await house.call('PUT', '/acme/npm/@acme%2fui', {
        body: JSON.stringify(document),
        headers: { 'content-type': 'application/json' },
      })
      expect(answer.status, answer.text()).to.equal(201)
    }
    await deprecate({ '1.0.0': 'use 2' })
    const old = version('1.0.0', 0, { status: 'deprecated', reason: 'use 2' })
    expect(await told('npm')).to.deep.equal({ ...plain, versions: [newest, old] })
    await deprecate({ '2.0.0': 'use another' })
    expect((await show('npm'))['status']).to.equal('deprecated')
  })

  it('of PyPI tells the status, and yanks with their reasons', async () => {
    await publish('pypi')
    await operator().done('POST', 'packages/pypi/demo-lib/1.0.0/yank', { reason: 'wrong build' })
    await operator().done('PUT', 'packages/pypi/demo-lib/status', { status: 'archived', reason: 'use demo' })
    expect(await told('pypi')).to.deep.equal({
      status: 'archived',
      reason: 'use demo',
      versionCount: 2,
      next: null,
      versions: [version('2.0.0', 1), version('1.0.0', 0, { status: 'yanked', reason: 'wrong build' })],
    })
    await operator().done('DELETE', 'packages/pypi/demo-lib/1.0.0')
    await operator().done('DELETE', 'packages/pypi/demo-lib/2.0.0')
    expect(await show('pypi')).to.deep.include({ status: 'archived', versionCount: 0, versions: [], latest: null })
  })

  it('of Maven and raw tells what there is, builds of a snapshot and the files of a folder', async () => {
    await publish('maven')
    await publish('raw')
    const coordinates = { group: 'org.demo', artifact: 'lib', version: '3-SNAPSHOT' }
    const files = { '.pom': pomOf(coordinates), '.jar': 'jar' }
    expect(await new MavenDeployment(house, '/acme/maven').snapshot(coordinates, '20260131.115959-1', files)).to.equal(201)
    expect(await told('maven')).to.deep.equal({
      status: 'active',
      reason: null,
      versionCount: 3,
      next: null,
      versions: [version('3-SNAPSHOT', 4, { builds: 1 }), version('2.0.0', 1), version('1.0.0', 0)],
    })
    expect((await operator().done('GET', 'packages/maven/org.demo:lib'))['name']).to.equal('org/demo/lib')
    expect(await told('raw')).to.deep.equal({
      status: 'active',
      reason: null,
      versionCount: 2,
      next: null,
      versions: [version('2.0.0.txt', 3), version('1.0.0.txt', 2)],
    })
  })

  it('comes in pages of versions with nothing twice and nothing missing', async () => {
    for (let one = 0; one < 7; one += 1) {
      await shelf('raw').publish(house, 'raw', `1.${one}`)
      if (one % 3 === 0) clock.advance(1_000)
    }
    const whole = (await show('raw'))['versions'] as readonly Thing[]
    expect(whole).to.have.length(7)
    const found: Thing[] = []
    for (let cursor = ''; ; ) {
      const page = await show('raw', `?limit=2${cursor}`)
      found.push(...(page['versions'] as readonly Thing[]))
      if (page['next'] === null) break
      cursor = `&cursor=${page['next']}`
    }
    expect(found).to.deep.equal(whole)
    expectRefusal(
      await operator().send('GET', 'packages/raw/docs%2Fguide?cursor=AAAA'),
      400,
      'invalid',
      'The cursor is none of this list',
    )
  })

  it('is not there for who may not read it, whether it exists or not', async () => {
    await publish('pypi')
    await publish('raw')
    await house.call('PUT', '/acme/raw/other/file.txt', { body: 'x' })
    const status = async (somebody: 'rita' | 'gus', name: string) =>
      (await memberOf(house, somebody).send('GET', `packages/${name}`)).status
    await operator().done('PUT', 'grants', { subject: 'member:gus', repository: 'raw', level: 'read', path: 'docs' })
    for (const [name, rita, gus] of [
      ['raw/docs%2Fguide', 200, 200],
      ['raw/other', 200, 404],
      ['raw/%2F', 404, 404],
      ['pypi/demo-lib', 200, 404],
      ['pypi/no-such', 404, 404],
    ] as const) {
      expect(await status('rita', name), `rita ${name}`).to.equal(rita)
      expect(await status('gus', name), `gus ${name}`).to.equal(gus)
    }
    expectRefusal(await operator().send('GET', 'packages/raw/nothing'), 404, 'not-found', 'package not found: nothing')
  })
})
