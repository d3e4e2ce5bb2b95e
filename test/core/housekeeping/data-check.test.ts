import { expect } from 'chai'
import { checkData, type DataProblem } from '../../../core/housekeeping/data-check.js'
import type { JsonObject } from '../../../core/runtime/json.js'
import { tenantKeys } from '../../../core/storage/tenant-keys.js'
import raw from '../../../plugins/raw/index.js'
import { WrappedStore } from '../../faults/wrapped-store.js'
import { type House, openHouse } from '../../support/house.js'

describe('The check of rows and blobs', () => {
  let house: House
  beforeEach(async () => {
    house = await openHouse({ plugins: [raw], repositories: [{ name: 'files', format: 'raw' }], idle: true })
    for (const path of ['a/one.txt', 'a/two.txt', 'three.txt'])
      expect((await house.call('PUT', `/acme/files/${path}`, { body: `bytes of ${path}` })).status).to.equal(201)
    expect((await house.call('DELETE', '/acme/files/three.txt', { as: 'olga' })).status).to.equal(204)
  })
  afterEach(() => house.close())

  const check = async (metadata = house.parts.metadata) => {
    const problems: DataProblem[] = []
    const count = await checkData(metadata, house.parts.blobs, { onProblem: (problem) => problems.push(problem) })
    expect(count.problems).to.equal(problems.length)
    return { count, kinds: problems.map(({ kind }) => kind).sort() }
  }
  /** Rows of one kind, by the second part of their partition. */
  const rows = async (kind: string, first: string) => {
    const found = []
    for await (const { entry } of house.parts.metadata.scan())
      if (entry.key.partition.split('\0')[1] === kind && entry.key.path[0] === first) found.push(entry)
    return found
  }

  it('finds nothing in a house that files were put into and taken from', async () => {
    const { count, kinds } = await check()
    expect(kinds).to.deep.equal([])
    expect([count.blobs, count.unnamed]).to.deep.equal([3, 0])
  })

  it('names rows that hang in the air', async () => {
    const file = (await rows('f', 'a')).find(({ value }) => (value as JsonObject)['state'] === 'present')
    const [org = ''] = file?.key.partition.split('\0') ?? []
    const value = file?.value as JsonObject & { blob: string; seq: number }
    const [version] = (await rows('v', 's')).filter(({ value: one }) => (one as JsonObject)['blob'] === value.blob)
    if (!version) throw new Error('there is no version')
    await house.parts.metadata.commit([{ op: 'delete', key: version.key }], 'one')
    expect((await check()).kinds).to.deep.equal(['no-version'])
    await house.parts.metadata.commit([{ op: 'delete', key: tenantKeys.blob(org, value.blob) }], 'two')
    const { kinds, count } = await check()
    expect(kinds).to.deep.equal(['no-blob', 'no-version'])
    expect(count.unnamed).to.equal(1)
  })

  it('does not tell what another process has put right since', async () => {
    const [version] = await rows('v', 's')
    if (!version) throw new Error('there is no version')
    const { partition } = tenantKeys.reference(
      version.key.partition.split('\0')[0] ?? '',
      (version.value as { blob: string }).blob,
      'x',
    )
    let looked = 0
    const late = new (class extends WrappedStore {
      override async get(key: Parameters<WrappedStore['get']>[0]) {
        if (key.partition === partition && key.path[0] === 'ref' && looked++ === 0) return undefined
        return super.get(key)
      }
    })(house.parts.metadata)
    expect((await check(late)).kinds).to.deep.equal([])
    expect(looked).to.be.greaterThan(1)
  })

  it('says of a row that is newer than this software that it cannot be read', async () => {
    const [version] = await rows('v', 's')
    if (!version) throw new Error('there is no version')
    const value = { ...(version.value as JsonObject), v: 2 }
    await house.parts.metadata.commit([{ op: 'put', key: version.key, value }], 'three')
    expect((await check()).kinds).to.deep.equal(['unreadable'])
  })

  it('ends with the failure of a store that cannot be read', async () => {
    const broken = new (class extends WrappedStore {
      override async get(): Promise<never> {
        throw new Error('the disk is gone')
      }
    })(house.parts.metadata)
    const failure = await check(broken).catch((error: Error) => error.message)
    expect(failure).to.equal('the disk is gone')
  })
})
