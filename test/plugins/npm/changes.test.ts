import { expect } from 'chai'
import npm from '../../../plugins/npm/index.js'
import { type CallOptions, type House, openHouse } from '../../support/house.js'
import { publishBody } from '../../support/npm-package.js'

interface Packument {
  readonly _rev: string
  readonly 'dist-tags': Record<string, string>
  readonly versions: Record<string, { readonly deprecated?: string }>
  readonly time: Record<string, string>
  readonly maintainers: readonly object[]
}

describe('npm: changing what is published', () => {
  let house: House
  beforeEach(async () => {
    house = await openHouse({ plugins: [npm], repositories: [{ name: 'js', format: 'npm' }] })
    for (const version of ['1.0.0', '1.1.0', '2.0.0-rc.1']) await publish(version, version.includes('-') ? 'next' : 'latest')
  })
  afterEach(() => house.close())

  const call = (method: string, target: string, body?: unknown, options: CallOptions = {}) =>
    house.call(method, `/acme/js/${target}`, { ...options, ...(body === undefined ? {} : { body: JSON.stringify(body) }) })
  const publish = async (version: string, tag = 'latest', description = 'd') => {
    const answer = await call('PUT', '@acme%2fbar', await publishBody({ name: '@acme/bar', version, description }, { tag }))
    return answer
  }
  const packument = async () => (await call('GET', '@acme%2fbar?write=true')).json() as Packument
  const without = ({ versions, ...rest }: Packument, ...gone: string[]) => ({
    ...rest,
    versions: Object.fromEntries(Object.entries(versions).filter(([version]) => !gone.includes(version))),
  })
  const tags = async () => (await call('GET', '-/package/@acme%2fbar/dist-tags')).json()
  const reply = async (answer: Awaited<ReturnType<House['call']>>) => [answer.status, answer.json()]

  describe('dist-tags', () => {
    it('are a thousand at most, by whatever way they come', async () => {
      for (let at = 0; at < 998; at += 50) {
        const some = Array.from({ length: Math.min(50, 998 - at) }, (_, index) => [`tag-${at + index}`, '1.0.0'])
        expect((await call('POST', '-/package/@acme%2fbar/dist-tags', Object.fromEntries(some))).status).to.equal(201)
      }
      expect(Object.keys((await tags()) as object)).to.have.length(1_000)
      const full = [400, { error: 'a package has at most 1000 dist-tags: remove some' }]
      expect(await reply(await call('PUT', '-/package/@acme%2fbar/dist-tags/more', '1.0.0'))).to.deep.equal(full)
      expect(await reply(await call('POST', '-/package/@acme%2fbar/dist-tags', { more: '1.0.0' }))).to.deep.equal(full)
      const files = await house.storedFiles()
      expect(await reply(await publish('3.0.0', 'more'))).to.deep.equal(full)
      expect(await house.storedFiles()).to.deep.equal(files)
      expect((await call('PUT', '-/package/@acme%2fbar/dist-tags/tag-7', '1.1.0')).status).to.equal(201)
      expect((await publish('3.0.0', 'tag-8')).status).to.equal(201)
      expect((await call('DELETE', '-/package/@acme%2fbar/dist-tags/tag-9')).status).to.equal(200)
      expect((await call('PUT', '-/package/@acme%2fbar/dist-tags/more', '1.0.0')).status).to.equal(201)
    })

    it('are listed, set, moved and removed, one by one', async () => {
      expect(await tags()).to.deep.equal({ latest: '1.1.0', next: '2.0.0-rc.1' })
      const set = await call('PUT', '-/package/@acme%2fbar/dist-tags/old', '1.0.0')
      expect(await reply(set)).to.deep.equal([
        201,
        { ok: true, id: '@acme/bar', 'dist-tags': { latest: '1.1.0', next: '2.0.0-rc.1', old: '1.0.0' } },
      ])
      expect((await call('PUT', '-/package/@acme/bar/dist-tags/latest', '1.0.0')).status).to.equal(201)
      const removed = await call('DELETE', '-/package/@acme%2fbar/dist-tags/next')
      expect(await reply(removed)).to.deep.equal([
        200,
        { ok: true, id: '@acme/bar', 'dist-tags': { latest: '1.0.0', old: '1.0.0' } },
      ])
      expect(await tags()).to.deep.equal({ latest: '1.0.0', old: '1.0.0' })
      expect((await packument())['dist-tags']).to.deep.equal({ latest: '1.0.0', old: '1.0.0' })
      expect(await reply(await call('GET', '-/package/@acme%2fbar/dist-tags/old'))).to.deep.equal([200, '1.0.0'])
    })

    it('are merged by POST, replaced by PUT, and set as ancient clients set one', async () => {
      expect((await call('POST', '-/package/@acme%2fbar/dist-tags', { beta: '1.0.0' })).status).to.equal(201)
      expect(await tags()).to.deep.equal({ beta: '1.0.0', latest: '1.1.0', next: '2.0.0-rc.1' })
      expect((await call('PUT', '-/package/@acme%2fbar/dist-tags', { beta: '1.1.0' })).status).to.equal(201)
      expect(await tags()).to.deep.equal({ beta: '1.1.0', latest: '1.1.0' })
      expect((await call('PUT', '@acme%2fbar/ancient', '1.0.0')).status).to.equal(201)
      expect(await tags()).to.deep.equal({ ancient: '1.0.0', beta: '1.1.0', latest: '1.1.0' })
    })

    it('are refused where they cannot be', async () => {
      const at = '-/package/@acme%2fbar/dist-tags'
      expect(await reply(await call('DELETE', `${at}/latest`))).to.deep.equal([
        403,
        { error: 'The latest tag cannot be removed' },
      ])
      expect(await reply(await call('DELETE', `${at}/nope`))).to.deep.equal([404, { error: 'dist-tag not found: nope' }])
      expect(await reply(await call('PUT', `${at}/x1`, '9.9.9'))).to.deep.equal([404, { error: 'version not found: 9.9.9' }])
      expect(await reply(await call('PUT', `${at}/1.x`, '1.0.0'))).to.deep.equal([
        400,
        { error: 'the dist-tag "1.x" would be read as a version range' },
      ])
      expect(await reply(await call('PUT', `${at}/x1`, { version: '1.0.0' }))).to.deep.equal([
        400,
        { error: 'the body is a version, as a JSON string' },
      ])
      expect((await call('PUT', `${at}/x1`, '1.0.0', { as: 'rita' })).status).to.equal(403)
      expect(await tags()).to.deep.equal({ latest: '1.1.0', next: '2.0.0-rc.1' })
    })

    it('move what search shows with latest', async () => {
      await publish('3.0.0', 'canary', 'the third')
      const shown = async () => {
        const { objects } = (await call('GET', '-/v1/search?text=bar')).json() as {
          objects: { package: { version: string; description: string } }[]
        }
        return objects.map((each) => [each.package.version, each.package.description])
      }
      expect(await shown()).to.deep.equal([['1.1.0', 'd']])
      await call('PUT', '-/package/@acme%2fbar/dist-tags/latest', '3.0.0')
      expect(await shown()).to.deep.equal([['3.0.0', 'the third']])
    })
  })

  describe('deprecating', () => {
    it('reaches every version of a package with more than one commit can hold', async () => {
      for (let patch = 0; patch < 70; patch += 1) await publish(`5.0.${patch}`)
      const before = await packument()
      const versions = Object.fromEntries(Object.keys(before.versions).map((version) => [version, { deprecated: 'all of it' }]))
      expect((await call('PUT', '@acme%2fbar', { ...before, versions })).status).to.equal(201)
      const after = await packument()
      expect(Object.values(after.versions).filter(({ deprecated }) => deprecated === 'all of it')).to.have.length(73)
    })

    it('sets and removes a message in both flavours, and changes nothing else', async () => {
      const before = await packument()
      const versions = Object.fromEntries(
        Object.entries(before.versions).map(([version, each]) => [
          version,
          version === '1.0.0' ? { ...each, deprecated: 'use 1.1' } : each,
        ]),
      )
      const answer = await call('PUT', '@acme%2fbar', { ...before, versions })
      expect(answer.status).to.equal(201)
      const after = await packument()
      expect(after._rev).to.not.equal(before._rev)
      expect(after.versions).to.deep.equal(versions)
      const short = (
        await call('GET', '@acme%2fbar', undefined, { headers: { accept: 'application/vnd.npm.install-v1+json' } })
      ).json() as Packument
      expect(short.versions['1.0.0']?.deprecated).to.equal('use 1.1')
      const undone = { ...after, versions: { '1.0.0': { ...after.versions['1.0.0'], deprecated: '' } } }
      expect((await call('PUT', '@acme%2fbar', undone)).status).to.equal(201)
      expect((await packument()).versions).to.deep.equal(before.versions)
    })

    it('loses no version that was published in between', async () => {
      const stale = await packument()
      await publish('1.2.0')
      const versions = { ...stale.versions, '1.0.0': { ...stale.versions['1.0.0'], deprecated: 'old' } }
      expect((await call('PUT', '@acme%2fbar', { ...stale, versions })).status).to.equal(201)
      const after = await packument()
      expect(Object.keys(after.versions)).to.deep.equal(['1.0.0', '1.1.0', '2.0.0-rc.1', '1.2.0'])
      expect(after.versions['1.0.0']?.deprecated).to.equal('old')
    })

    it('needs the right to write', async () => {
      const answer = await call('PUT', '@acme%2fbar', await packument(), { as: 'rita' })
      expect(await reply(answer)).to.deep.equal([403, { error: 'You do not have permission to publish "@acme/bar".' }])
    })
  })

  describe('owners', () => {
    it('are replaced at the revision that was read, and never all taken away', async () => {
      const { _rev } = await packument()
      const maintainers = [{ name: 'dora', email: 'dora@acme.example' }, { name: 'olga' }]
      const answer = await call('PUT', `@acme%2fbar/-rev/${_rev}`, { _id: '@acme/bar', _rev, maintainers })
      expect([answer.status, (answer.json() as { ok: boolean }).ok]).to.deep.equal([201, true])
      const after = await packument()
      expect(after.maintainers).to.deep.equal([maintainers[0], { name: 'olga', email: '' }])
      expect(Object.keys(after.versions)).to.have.length(3)
      const again = await call('PUT', `@acme%2fbar/-rev/${_rev}`, { _id: '@acme/bar', _rev, maintainers })
      expect(await reply(again)).to.deep.equal([409, { error: 'conflict' }])
      const none = await call('PUT', `@acme%2fbar/-rev/${after._rev}`, { _id: '@acme/bar', maintainers: [] })
      expect(await reply(none)).to.deep.equal([400, { error: 'a package keeps at least one maintainer' }])
    })
  })

  describe('unpublishing one version', () => {
    const asOlga: CallOptions = { as: 'olga' }

    it('removes it everywhere at the PUT, moves tags, and answers the DELETE that follows, prefix doubled or not', async () => {
      const before = await packument()
      const body = { ...without(before, '1.1.0'), 'dist-tags': { ...before['dist-tags'], latest: '1.0.0' } }
      const put = await call('PUT', `@acme%2fbar/-rev/${before._rev}`, body, asOlga)
      expect([put.status, (put.json() as { ok: boolean }).ok]).to.deep.equal([201, true])
      const after = await packument()
      expect(after._rev)
        .to.equal((put.json() as { rev: string }).rev)
        .and.not.equal(before._rev)
      expect(Object.keys(after.versions)).to.deep.equal(['1.0.0', '2.0.0-rc.1'])
      expect(Object.keys(after.time)).to.deep.equal(['created', 'modified', '1.0.0', '2.0.0-rc.1'])
      expect(after['dist-tags']).to.deep.equal({ latest: '1.0.0', next: '2.0.0-rc.1' })
      expect((await call('GET', '@acme/bar/-/bar-1.1.0.tgz')).status).to.equal(404)
      expect(await house.storedFiles()).to.deep.equal([
        'acme/js/@acme/bar/-/bar-1.0.0.tgz',
        'acme/js/@acme/bar/-/bar-2.0.0-rc.1.tgz',
      ])
      expect(await house.storedDocuments()).to.deep.equal([
        'acme/js/npm/@acme/bar: gone/1.1.0',
        'acme/js/npm/@acme/bar: package',
        'acme/js/npm/@acme/bar: readme/1.0.0',
        'acme/js/npm/@acme/bar: readme/2.0.0-rc.1',
        'acme/js/npm/@acme/bar: tag/latest',
        'acme/js/npm/@acme/bar: tag/next',
        'acme/js/npm/@acme/bar: version/1.0.0',
        'acme/js/npm/@acme/bar: version/2.0.0-rc.1',
      ])
      for (const target of ['@acme/bar', 'acme/js/@acme/bar', '@acme%2fbar']) {
        const gone = await call('DELETE', `${target}/-/bar-1.1.0.tgz/-rev/${after._rev}`, undefined, asOlga)
        expect(await reply(gone), target).to.deep.equal([200, { ok: true }])
      }
    })

    it('finds a latest where the client left none: the highest stable one', async () => {
      await publish('0.9.0', 'old')
      const before = await packument()
      await call('PUT', `@acme%2fbar/-rev/${before._rev}`, { ...without(before, '1.1.0'), 'dist-tags': {} }, asOlga)
      expect(await tags()).to.deep.equal({ latest: '1.0.0', next: '2.0.0-rc.1', old: '0.9.0' })
    })

    it('never lets the version come back', async () => {
      const before = await packument()
      await call('PUT', `@acme%2fbar/-rev/${before._rev}`, without(before, '1.1.0'), asOlga)
      expect(await reply(await publish('1.1.0'))).to.deep.equal([
        403,
        { error: 'Cannot publish over previously unpublished version 1.1.0.' },
      ])
      expect((await publish('1.1.1')).status).to.equal(201)
    })

    it('is refused with 403, never 404, to whoever may only write', async () => {
      const before = await packument()
      const refusal = await call('PUT', `@acme%2fbar/-rev/${before._rev}`, without(before, '1.1.0'))
      expect(refusal.status).to.equal(403)
      expect(refusal.json()).to.deep.equal({ error: 'You do not have permission to unpublish "@acme/bar".' })
      expect((await call('DELETE', `@acme/bar/-/bar-1.1.0.tgz/-rev/${before._rev}`)).status).to.equal(403)
      expect(Object.keys((await packument()).versions)).to.have.length(3)
    })

    it('refuses a stale revision, unknown versions, and the file of a version that lives', async () => {
      const before = await packument()
      const at = `@acme%2fbar/-rev/${before._rev}`
      await publish('1.2.0')
      expect(await reply(await call('PUT', at, without(before, '1.1.0'), asOlga))).to.deep.equal([409, { error: 'conflict' }])
      const now = await packument()
      const more = { ...now, versions: { ...now.versions, '7.0.0': {} } }
      expect((await call('PUT', `@acme%2fbar/-rev/${now._rev}`, more, asOlga)).status).to.equal(400)
      expect((await call('DELETE', `@acme/bar/-/bar-1.1.0.tgz/-rev/${now._rev}`, undefined, asOlga)).status).to.equal(409)
      expect(Object.keys((await packument()).versions)).to.have.length(4)
    })
  })

  describe('unpublishing a package', () => {
    const asOlga: CallOptions = { as: 'olga' }

    it('leaves nothing but tombstones, and takes it off every list', async () => {
      const { _rev } = await packument()
      const answer = await call('DELETE', `@acme%2fbar/-rev/${_rev}`, undefined, asOlga)
      expect([answer.status, (answer.json() as { ok: boolean }).ok]).to.deep.equal([200, true])
      for (const target of [
        '@acme%2fbar',
        '@acme/bar/1.0.0',
        '@acme/bar/latest',
        '@acme/bar/-/bar-1.0.0.tgz',
        '-/package/@acme%2fbar/dist-tags',
      ]) {
        const gone = await call('GET', target)
        expect(await reply(gone), target).to.deep.equal([404, { error: 'Not found' }])
      }
      expect(((await call('GET', '-/v1/search?text=bar')).json() as { total: number }).total).to.equal(0)
      expect(await house.storedFiles()).to.deep.equal([])
      expect(await house.storedDocuments()).to.deep.equal([
        'acme/js/npm/@acme/bar: gone/1.0.0',
        'acme/js/npm/@acme/bar: gone/1.1.0',
        'acme/js/npm/@acme/bar: gone/2.0.0-rc.1',
        'acme/js/npm/@acme/bar: package',
      ])
    })

    it('lets the name live on with new versions, and never with old ones', async () => {
      await call('DELETE', `@acme%2fbar/-rev/${(await packument())._rev}`, undefined, asOlga)
      expect(await reply(await publish('1.0.0'))).to.deep.equal([
        403,
        { error: 'Cannot publish over previously unpublished version 1.0.0.' },
      ])
      expect((await call('GET', '@acme%2fbar')).status).to.equal(404)
      expect((await publish('3.0.0')).status).to.equal(201)
      const reborn = await packument()
      expect(Object.keys(reborn.versions)).to.deep.equal(['3.0.0'])
      expect(reborn['dist-tags']).to.deep.equal({ latest: '3.0.0' })
    })

    it('removes a package that is larger than one commit', async () => {
      for (let patch = 0; patch < 15; patch += 1) await publish(`5.0.${patch}`, `t-${patch}`)
      const { _rev } = await packument()
      expect((await call('DELETE', `@acme%2fbar/-rev/${_rev}`, undefined, asOlga)).status).to.equal(200)
      expect(await house.storedFiles()).to.deep.equal([])
      expect((await house.storedDocuments()).filter((each) => !each.includes(': gone/'))).to.deep.equal([
        'acme/js/npm/@acme/bar: package',
      ])
    })

    it('is refused with 403 to whoever may only write, and with 409 at a stale revision', async () => {
      const { _rev } = await packument()
      const refusal = await call('DELETE', `@acme%2fbar/-rev/${_rev}`)
      expect(await reply(refusal)).to.deep.equal([403, { error: 'You do not have permission to unpublish "@acme/bar".' }])
      await publish('1.2.0')
      expect((await call('DELETE', `@acme%2fbar/-rev/${_rev}`, undefined, asOlga)).status).to.equal(409)
      expect(Object.keys((await packument()).versions)).to.have.length(4)
    })
  })
})
