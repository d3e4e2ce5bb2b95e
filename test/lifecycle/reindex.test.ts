import { expect } from 'chai'
import binaries from '../../examples/new-format/binaries.js'
import api from '../../plugins/api/index.js'
import { mavenPlugin } from '../../plugins/maven/index.js'
import npm from '../../plugins/npm/index.js'
import { pypiPlugin } from '../../plugins/pypi/index.js'
import raw from '../../plugins/raw/index.js'
import { derivedRows, destroyDerived, storedRows } from '../support/derived-rows.js'
import { FixedClock } from '../support/fixed-clock.js'
import { type House, openHouse } from '../support/house.js'
import { expectForbidden, expectRefusal, instanceOf, memberOf, operatorOf, type Thing } from '../support/management.js'
import { shelves } from '../support/shelves.js'

const formats = [...shelves.map(({ format }) => format), 'binaries']
const nothing = { namesWritten: 0, namesRemoved: 0, foldersAdded: 0, marksCleared: 0 }

describe('the reindex of a repository', () => {
  let house: House
  let clock: FixedClock
  beforeEach(async () => {
    clock = new FixedClock()
    house = await openHouse({
      plugins: [mavenPlugin(), npm, pypiPlugin(), raw, binaries, api],
      repositories: formats.map((format) => ({ name: format, format })),
      clock,
      idle: true,
    })
  })
  afterEach(() => house.close())

  async function publishAll(): Promise<void> {
    for (const version of ['1.0.0', '2.0.0'])
      for (const shelf of shelves) {
        await shelf.publish(house, shelf.format, version)
        clock.advance(60_000)
      }
    for (const [version, as, org] of [
      ['1.9.0', 'dora', 'acme'],
      ['1.10.0', 'dora', 'acme'],
      ['3.0.0', 'bert', 'beta'],
    ] as const)
      await house.call('PUT', `/${org}/binaries/tool/${version}`, { as, body: `tool ${version}` })
    for (const [as, org] of [
      ['dora', 'acme'],
      ['bert', 'beta'],
    ] as const)
      await house.call('PUT', `/${org}/raw/deep/a/b/c/d.txt`, { as, body: 'deep' })
  }
  async function reindex(repository: string, body: object = {}, organization = 'acme'): Promise<Thing> {
    await operatorOf(house, organization).done('POST', `repositories/${repository}/reindex`, body)
    await house.kernel.chores.run('reindex')
    return operatorOf(house, organization).done('GET', `repositories/${repository}/reindex`)
  }
  const inBeta = (rows: ReadonlyMap<string, unknown>, beta: string) => [...rows].filter(([key]) => key.startsWith(beta))

  it('makes every derived row of every format again, and touches nobody else', async () => {
    await publishAll()
    const before = await storedRows(house.parts.metadata)
    const beta = (await instanceOf(house).done('GET', 'organizations/beta'))['id'] as string
    await destroyDerived(house.parts.metadata)
    const destroyed = await storedRows(house.parts.metadata)
    const changes: Record<string, unknown> = {}
    for (const format of formats) changes[format] = (await reindex(format))['changes']
    const after = await storedRows(house.parts.metadata)
    expect(inBeta(after, beta)).to.deep.equal(inBeta(destroyed, beta))
    for (const format of formats) await reindex(format, {}, 'beta')
    expect(await storedRows(house.parts.metadata)).to.deep.equal(before)
    expect(Object.keys(changes)).to.deep.equal(formats)
    for (const format of formats)
      expect((changes[format] as typeof nothing).namesWritten, format).to.equal(format === 'raw' ? 0 : 1)
  })

  it('changes nothing where all is right, not even a revision', async () => {
    await publishAll()
    const revisions = async () => (await derivedRows(house.parts.metadata)).map(({ key, revision }) => [key, revision])
    const before = await revisions()
    for (const format of formats) {
      const { askedAt, begunAt, endedAt, files, expectedFiles, packages, ...rest } = await reindex(format)
      expect(rest).to.deep.equal({ state: 'done', dryRun: false, changes: nothing, failed: 0, error: null })
      expect([askedAt, begunAt, endedAt]).to.deep.equal(Array(3).fill(clock.now().toISOString()))
      expect(files).to.equal({ raw: 3, npm: 2, pypi: 4, maven: 4, binaries: 2 }[format])
      expect(expectedFiles).to.equal(files)
      expect(packages).to.equal(format === 'raw' ? 0 : 1)
    }
    expect(await revisions()).to.deep.equal(before)
  })

  it('counts in a dry run what it would change, and then changes just that', async () => {
    await publishAll()
    await destroyDerived(house.parts.metadata)
    const destroyed = await storedRows(house.parts.metadata)
    for (const format of formats) {
      const told = await reindex(format, { dryRun: true })
      expect([told['state'], told['dryRun']]).to.deep.equal(['done', true])
      expect(told['changes'], format).to.not.deep.equal(nothing)
      if (format === formats[0]) expect(await storedRows(house.parts.metadata)).to.deep.equal(destroyed)
      expect((await reindex(format))['changes'], format).to.deep.equal(told['changes'])
      expect((await reindex(format))['changes'], format).to.deep.equal(nothing)
    }
  })

  it('takes more than fits into one commit, and folders deeper than that', async () => {
    const deep = Array.from({ length: 60 }, (_, at) => `d${at}`).join('/')
    await house.call('PUT', `/acme/raw/${deep}/file.txt`, { body: 'deep' })
    for (let at = 0; at < 60; at++) {
      await house.call('PUT', `/acme/raw/wide/w${at}/file.txt`, { body: `wide ${at}` })
      await house.call('PUT', `/acme/binaries/tool-${at}/1.0.0`, { body: `tool ${at}` })
    }
    const before = await storedRows(house.parts.metadata)
    await destroyDerived(house.parts.metadata)
    for (const format of ['raw', 'binaries']) {
      const told = (await reindex(format, { dryRun: true }))['changes'] as typeof nothing
      expect(told.foldersAdded + told.marksCleared).to.equal(format === 'raw' ? 121 : 60)
      expect(told.namesWritten).to.equal(format === 'raw' ? 0 : 60)
      expect((await reindex(format))['changes']).to.deep.equal(told)
    }
    expect(Object.fromEntries(await storedRows(house.parts.metadata))).to.deep.equal(Object.fromEntries(before))
  })

  it('makes search and listings find again what was lost', async () => {
    await publishAll()
    const look = async () => ({
      found: (await operatorOf(house).items('search?q=demo&repository=maven')).length,
      names: await operatorOf(house).items('packages/npm'),
      folders: (await house.call('GET', '/acme/raw/?format=json')).json(),
      simple: (await house.call('GET', '/acme/pypi/simple/')).text(),
    })
    const before = await look()
    expect(before.found).to.be.greaterThan(0)
    await destroyDerived(house.parts.metadata)
    expect(await look()).to.not.deep.equal(before)
    for (const format of formats) await reindex(format)
    expect(await look()).to.deep.equal(before)
  })

  it('is joined while it waits, and refused where the other kind is asked for', async () => {
    const operator = operatorOf(house)
    expect(await operator.done('GET', 'repositories/npm/reindex')).to.deep.equal({
      state: 'never',
      dryRun: false,
      askedAt: null,
      begunAt: null,
      endedAt: null,
      files: 0,
      expectedFiles: null,
      packages: 0,
      changes: nothing,
      failed: 0,
      error: null,
    })
    const first = await operator.send('POST', 'repositories/npm/reindex', {})
    expect(first.status).to.equal(202)
    clock.advance(1_000)
    const second = await operator.send('POST', 'repositories/npm/reindex', {})
    expect([second.status, second.json()]).to.deep.equal([202, first.json()])
    expectRefusal(
      await operator.send('POST', 'repositories/npm/reindex', { dryRun: true }),
      409,
      'conflict',
      'A reindex of this repository is under way; ask again when it has ended',
    )
    await house.kernel.chores.run('reindex')
    expect((await operator.send('POST', 'repositories/npm/reindex', { dryRun: true })).status).to.equal(202)
  })

  it('is for administrators, of repositories that they see, and logged', async () => {
    expectForbidden(await memberOf(house, 'dora').send('POST', 'repositories/npm/reindex', {}), 'repositories.manage')
    expect((await memberOf(house, 'bert').send('POST', 'repositories/npm/reindex', {})).status).to.equal(401)
    expect((await operatorOf(house).send('POST', 'repositories/none/reindex', {})).status).to.equal(404)
    expect((await operatorOf(house).send('POST', 'repositories/npm/reindex', { force: true })).status).to.equal(400)
    expect((await operatorOf(house).send('POST', 'repositories/npm/reindex', {})).status).to.equal(202)
    const actions: unknown[] = []
    for await (const { entry } of house.parts.metadata.scan())
      if (entry.key.partition.split('\0')[1] === 'l') actions.push((entry.value as { action?: string }).action)
    expect(actions.filter((action) => action === 'repository.reindex')).to.have.length(1)
  })

  it('waits where anything is read-only, and is given up with its repository', async () => {
    await publishAll()
    await destroyDerived(house.parts.metadata)
    const destroyed = await storedRows(house.parts.metadata)
    await operatorOf(house).done('POST', 'repositories/npm/reindex', {})
    await instanceOf(house).done('PUT', 'read-only', { reason: 'backup' })
    await house.kernel.chores.run('reindex')
    expect((await operatorOf(house).done('GET', 'repositories/npm/reindex'))['state']).to.equal('waiting')
    expect((await operatorOf(house).send('POST', 'repositories/maven/reindex', {})).status).to.equal(503)
    expect(await storedRows(house.parts.metadata)).to.deep.equal(destroyed)
    await instanceOf(house).done('PUT', 'read-only', { reason: null })
    await operatorOf(house).done('DELETE', 'repositories/npm')
    await house.kernel.chores.run('reindex')
    for await (const { entry } of house.parts.metadata.scan())
      expect(entry.key.partition).to.not.equal(['.', 'reindex'].join('\0'))
  })

  it('leaves what it cannot read, and says so', async () => {
    await publishAll()
    for await (const { entry } of house.parts.metadata.scan()) {
      if (!entry.key.partition.endsWith('\0npm\0@acme/ui') || entry.key.path[1] !== 'package') continue
      const newer = { ...(entry.value as object), dv: 99 }
      await house.parts.metadata.commit([{ op: 'put', key: entry.key, value: newer }], 'newer')
    }
    const before = await storedRows(house.parts.metadata)
    const { state, failed, changes } = await reindex('npm')
    expect([state, failed, changes]).to.deep.equal(['done', 1, nothing])
    expect(await storedRows(house.parts.metadata)).to.deep.equal(before)
  })
})
