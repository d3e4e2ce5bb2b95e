import { expect } from 'chai'
import { destroyDerived, storedRows } from '../support/derived-rows.js'
import { FixedClock } from '../support/fixed-clock.js'
import type { House } from '../support/house.js'
import { expectForbidden, expectRefusal, instanceOf, memberOf, operatorOf } from '../support/management.js'
import { MavenDeployment, pomOf } from '../support/maven-deployment.js'
import { openShelves, readAll, shelves } from '../support/shelves.js'
import { countedByHand, saidUsage } from '../support/usage-world.js'

const day = 86_400_000
const minute = 60_000

describe('a repository that was deleted', () => {
  let house: House
  let clock: FixedClock
  beforeEach(async () => {
    clock = new FixedClock()
    house = await openShelves(clock)
  })
  afterEach(() => house.close())

  const operator = () => operatorOf(house)
  const deleted = () => operator().items('deleted-repositories')
  const later = async (milliseconds: number) => {
    clock.advance(milliseconds)
    await house.kernel.wakeReminders()
  }

  for (const shelf of shelves) {
    it(`of ${shelf.format} is gone at once, and back as it was, to the last day`, async () => {
      const { format } = shelf
      for (const version of ['1.0.0', '2.0.0']) await shelf.publish(house, format, version)
      const read = await readAll(house, shelf, format, '1.0.0')
      const rows = await storedRows(house.parts.metadata)
      const before = await operator().done('GET', `repositories/${format}`)
      await operator().done('DELETE', `repositories/${format}?reason=wrong+house`)
      for (const address of shelf.reads('1.0.0'))
        expect((await house.call('GET', `/acme/${format}/${address}`)).status, address).to.be.oneOf([403, 404])
      expect((await operator().send('GET', `repositories/${format}`)).status).to.equal(404)
      expect(await deleted()).to.deep.equal([
        {
          repository: before,
          deletedAt: clock.now().toISOString(),
          by: { kind: 'operator', id: (await deleted())[0]?.['by']?.['id' as never] },
          reason: 'wrong house',
          purgeAfter: new Date(clock.now().getTime() + 14 * day).toISOString(),
        },
      ])
      await later(14 * day - minute)
      expect(await operator().done('POST', `deleted-repositories/${format}/restore`, {})).to.deep.equal(before)
      expect(await deleted()).to.deep.equal([])
      await later(2 * day)
      expect(await readAll(house, shelf, format, '1.0.0')).to.deep.equal(read)
      // The access epoch counts changes.
      const but = ([key]: readonly [string, unknown]) => !key.endsWith('| access')
      expect([...(await storedRows(house.parts.metadata))].filter(but)).to.deep.equal([...rows].filter(but))
      expect((await shelf.publish(house, format, '3.0.0')) ?? 201).to.satisfy(
        (answer: number | { status: number }) => (typeof answer === 'number' ? answer : answer.status) < 300,
      )
    })
  }

  it('keeps its grants and the tokens that name it', async () => {
    await operator().done('PUT', 'grants', { subject: 'member:gus', repository: 'raw', level: 'read' })
    await house.call('PUT', '/acme/raw/a.txt', { body: 'a' })
    const get = async () => (await house.call('GET', '/acme/raw/a.txt', { as: 'gus' })).status
    expect(await get()).to.equal(200)
    await operator().done('DELETE', 'repositories/raw')
    await operator().done('POST', 'repositories', { name: 'raw', format: 'raw' })
    expect(await get()).to.equal(404)
    await operator().done('DELETE', 'repositories/raw')
    const ids = (await deleted()).map(({ repository }) => (repository as { readonly id: string }).id)
    expectRefusal(
      await operator().send('POST', 'deleted-repositories/raw/restore', {}),
      409,
      'conflict',
      `More than one deleted repository had this name; give an id: ${ids.join(', ')}`,
    )
    for (const [at, id] of ids.entries())
      await operator().done('POST', `deleted-repositories/${id}/restore`, { name: `back-${at}` })
    const statuses = await Promise.all(
      [0, 1].map(async (at) => (await house.call('GET', `/acme/back-${at}/a.txt`, { as: 'gus' })).status),
    )
    expect(statuses.sort()).to.deep.equal([200, 404])
  })

  it('leaves its name free; where another has taken it, it comes back under another one', async () => {
    await house.call('PUT', '/acme/raw/a.txt', { body: 'old' })
    await operator().done('DELETE', 'repositories/raw')
    await operator().done('POST', 'repositories', { name: 'raw', format: 'npm' })
    expectRefusal(
      await operator().send('POST', 'deleted-repositories/raw/restore', {}),
      409,
      'conflict',
      'A repository of this name exists already',
    )
    expect((await operator().send('POST', 'deleted-repositories/raw/restore', { name: '-bad' })).status).to.equal(400)
    expect((await operator().done('POST', 'deleted-repositories/raw/restore', { name: 'raw-old' }))['name']).to.equal('raw-old')
    expect((await house.call('GET', '/acme/raw-old/a.txt')).text()).to.equal('old')
    expect((await operator().send('POST', 'deleted-repositories/raw/restore', {})).status).to.equal(404)
  })

  it('gives its host name back, and has it again unless somebody else took it', async () => {
    await operator().done('PATCH', 'repositories/raw', { host: 'files.acme.example' })
    await operator().done('DELETE', 'repositories/raw')
    expect((await operator().done('POST', 'deleted-repositories/raw/restore', {}))['host']).to.equal('files.acme.example')
    expect(await house.kernel.isRootMount('files.acme.example')).to.equal(true)
    await operator().done('DELETE', 'repositories/raw')
    await operator().done('PATCH', 'repositories/raw-2', { host: 'files.acme.example' })
    expect((await operator().done('POST', 'deleted-repositories/raw/restore', {}))['host']).to.equal(null)
    expect((await operator().done('GET', 'repositories/raw-2'))['host']).to.equal('files.acme.example')
  })

  it('is purged when its time is over: what lay in it goes, its usage, and nothing of anybody else', async () => {
    for (const shelf of shelves) await shelf.publish(house, shelf.format, '1.0.0')
    await house.call('PUT', '/beta/raw/a.txt', { as: 'bert', body: 'beta' })
    await operator().done('PUT', 'repositories/raw/cleanup', { rules: { olderThanDays: 5 } })
    await operator().done('POST', 'repositories/raw/reindex', {})
    await house.kernel.chores.run('reindex')
    const files = await house.storedFiles()
    const id = (await operator().done('GET', 'repositories/raw'))['id'] as string
    await operator().done('DELETE', 'repositories/raw')
    expect(await saidUsage(house)).to.deep.equal(await countedByHand(house))
    await later(14 * day)
    expect(await house.storedFiles()).to.have.length(files.length)
    expect((await operator().send('POST', 'deleted-repositories/raw/restore', {})).status).to.equal(404)
    await later(10 * minute)
    expect(await house.storedFiles()).to.deep.equal(files.filter((file) => !file.startsWith('acme/raw/')))
    for await (const { entry } of house.parts.metadata.scan()) {
      const told = /^(?:l|q)$/.test(entry.key.partition.split('\0')[1] ?? '') || entry.key.partition.startsWith('.\0')
      if (!told) expect([...entry.key.partition.split('\0'), ...entry.key.path]).to.not.include(id)
    }
    expect(await saidUsage(house)).to.deep.equal(await countedByHand(house))
    expect(await deleted()).to.deep.equal([])
  })

  it('is purged at once where that is wanted, or where nothing of the organization can be undone', async () => {
    for (const repository of ['raw', 'raw-2']) await house.call('PUT', `/acme/${repository}/a.txt`, { body: repository })
    await operator().done('DELETE', 'repositories/raw')
    expect((await operator().send('DELETE', 'deleted-repositories/raw')).status).to.equal(204)
    expect((await operator().send('DELETE', 'deleted-repositories/raw')).status).to.equal(404)
    expect((await operator().send('POST', 'deleted-repositories/raw/restore', {})).status).to.equal(404)
    await instanceOf(house).done('PATCH', 'organizations/acme', { undoDays: 0 })
    await operator().done('DELETE', 'repositories/raw-2')
    expect(await deleted()).to.deep.equal([])
    await later(10 * minute)
    expect(await house.storedFiles()).to.deep.equal([])
  })

  it('is brought back whole or given up whole, where both are asked for in one moment', async () => {
    const ends = new Set<string>()
    for (let round = 0; round < 12; round++) {
      const name = `round-${round}`
      await operator().done('POST', 'repositories', { name, format: 'raw' })
      await house.call('PUT', `/acme/${name}/a.txt`, { body: name })
      await operator().done('DELETE', `repositories/${name}`)
      const asked = [
        () => operator().send('DELETE', `deleted-repositories/${name}`),
        () => operator().send('POST', `deleted-repositories/${name}/restore`, {}),
      ]
      const answers = await Promise.all((round % 2 === 0 ? asked : asked.reverse()).map((ask) => ask()))
      const statuses = answers.map(({ status }) => status).sort()
      ends.add(statuses.join(' '))
      await later(11 * minute)
      const back = statuses[0] === 200
      expect((await house.call('GET', `/acme/${name}/a.txt`)).status).to.equal(back ? 200 : 404)
      expect((await house.storedFiles()).filter((file) => file === `acme/${name}/a.txt`)).to.have.length(back ? 1 : 0)
    }
    for (const end of ends) expect(end).to.be.oneOf(['200 404', '204 404'])
  })

  it('stays while the clock is not to be believed, or anything is read-only', async () => {
    await house.call('PUT', '/acme/raw/a.txt', { body: 'a' })
    await operator().done('DELETE', 'repositories/raw')
    await house.kernel.chores.run('clock')
    clock.jump(15 * day)
    await house.kernel.wakeReminders()
    expect(await house.storedFiles()).to.have.length(1)
    clock.jump(-15 * day)
    await house.kernel.chores.run('clock')
    expect(await operator().done('POST', 'deleted-repositories/raw/restore', {})).to.include({ name: 'raw' })
    await operator().done('DELETE', 'repositories/raw')
    await later(2 * day)
    await instanceOf(house).done('PATCH', 'organizations/acme', { readOnly: 'audit' })
    await later(15 * day)
    expect(await house.storedFiles()).to.have.length(1)
    await instanceOf(house).done('PATCH', 'organizations/acme', { readOnly: null })
    await later(60 * minute)
    expect(await house.storedFiles()).to.deep.equal([])
  })

  it('wakes its plugin when it is back: what was promised is not forgotten', async () => {
    const maven = new MavenDeployment(house, '/acme/maven')
    const at = { group: 'org.demo', artifact: 'lib', version: '1.0' }
    // As Ivy deploys, without metadata: it counts when it has been quiet for a while.
    await maven.file('org/demo/lib/1.0/lib-1.0.jar', 'jar')
    await maven.file('org/demo/lib/1.0/lib-1.0.pom', pomOf(at))
    await operator().done('DELETE', 'repositories/maven')
    for (let hours = 0; hours < 30; hours++) await later(60 * minute)
    await operator().done('POST', 'deleted-repositories/maven/restore', {})
    const metadata = async () => (await maven.get('org/demo/lib/maven-metadata.xml')).status
    expect(await metadata()).to.equal(404)
    await later(60 * minute)
    expect(await metadata()).to.equal(200)
  })

  it('is listed, brought back and given up by administrators of the organization alone', async () => {
    await operator().done('DELETE', 'repositories/raw')
    for (const [method, path, body] of [
      ['GET', 'deleted-repositories', undefined],
      ['POST', 'deleted-repositories/raw/restore', {}],
      ['DELETE', 'deleted-repositories/raw', undefined],
    ] as const) {
      expectForbidden(await memberOf(house, 'dora').send(method, path, body), 'repositories.manage')
      expect((await memberOf(house, 'bert').send(method, path, body)).status).to.equal(401)
      expect((await operatorOf(house, 'beta').send(method, path, body)).status).to.equal(method === 'GET' ? 200 : 404)
    }
    expect(await operatorOf(house, 'beta').items('deleted-repositories')).to.deep.equal([])
    expect(await deleted()).to.have.length(1)
  })

  it('is told to whoever listens and logged, with who did it', async () => {
    await operator().done('DELETE', 'repositories/raw')
    await operator().done('POST', 'deleted-repositories/raw/restore', {})
    await operator().done('DELETE', 'repositories/raw')
    await operator().done('DELETE', 'deleted-repositories/raw')
    const told: unknown[] = []
    for await (const { entry } of house.parts.metadata.scan()) {
      const {
        action,
        actor,
        events = [],
      } = entry.value as {
        action?: string
        actor?: { kind: string }
        events?: readonly { kind: string; change: string }[]
      }
      if (entry.key.partition.split('\0')[1] !== 'l' || !action?.startsWith('repository.') || action === 'repository.create')
        continue
      told.push([entry.key.path[0], action, actor?.kind, ...events.map(({ kind, change }) => `${kind} ${change}`)])
    }
    expect((told as string[][]).map(([, ...rest]) => rest.join(' ')).sort()).to.deep.equal([
      'repository.delete operator repository.changed deleted',
      'repository.delete operator repository.changed deleted',
      'repository.purge operator',
      'repository.restore operator repository.changed created',
    ])
  })

  it('can be indexed anew once it is back', async () => {
    for (const version of ['1.0.0', '2.0.0']) for (const shelf of shelves) await shelf.publish(house, shelf.format, version)
    const before = await storedRows(house.parts.metadata)
    await operator().done('DELETE', 'repositories/maven')
    await destroyDerived(house.parts.metadata)
    await operator().done('POST', 'deleted-repositories/maven/restore', {})
    for (const { format } of shelves) {
      await operator().done('POST', `repositories/${format}/reindex`, {})
      await house.kernel.chores.run('reindex')
    }
    const but = ([key]: readonly [string, unknown]) => !key.endsWith('| access')
    expect([...(await storedRows(house.parts.metadata))].filter(but)).to.deep.equal([...before].filter(but))
  })
})
