import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { expect } from 'chai'
import type { JsonObject } from '../../../core/runtime/json.js'
import { MemoryBlobStore } from '../../../core/storage/drivers/memory-blob-store.js'
import type { ArtifactRow, BlobRow } from '../../../core/storage/storage-rows.js'
import { blobKey } from '../../../core/storage/tenant-keys.js'
import api from '../../../plugins/api/index.js'
import raw from '../../../plugins/raw/index.js'
import { FixedClock } from '../../support/fixed-clock.js'
import { type Answer, type House, openHouse } from '../../support/house.js'
import { instanceOf } from '../../support/management.js'
import { until } from '../../support/worker-processes.js'

const small = randomBytes(5_000)
const large = randomBytes(2_500_000)
const hour = 3_600_000

type Harm = 'flipped' | 'shorter' | 'longer' | 'gone'

describe('damaged blobs', () => {
  let house: House
  let other: House
  let clock: FixedClock
  const open = async (encryption: 'app' | 'off') => {
    clock = new FixedClock()
    const parts = async () => ({ encryption, blobs: new MemoryBlobStore(Number.POSITIVE_INFINITY, () => clock.now()) })
    const plugins = [raw, api]
    const repositories = [
      { name: 'files', format: 'raw' },
      { name: 'more', format: 'raw' },
    ]
    house = await openHouse({ plugins, repositories, clock, parts })
    other = await openHouse({ plugins, repositories, clock, parts: async () => ({ encryption }), beside: house })
  }
  afterEach(async () => {
    await other.close()
    await house.close()
  })

  const put = (path: string, body: Uint8Array) => house.call('PUT', `/acme/${path}`, { body })
  const get = (path: string, at = house) => at.call('GET', `/acme/${path}`)
  const broken = (path: string, at = house): Promise<Answer | string> =>
    get(path, at).catch((error: NodeJS.ErrnoException) => error.code ?? error.message)
  const rows = async (kind: string) => {
    const found: { readonly org: string; readonly id: string; readonly path: readonly string[]; readonly value: JsonObject }[] =
      []
    for await (const { entry } of house.parts.metadata.scan()) {
      const [org = '', of, id = ''] = entry.key.partition.split('\0')
      if (of === kind) found.push({ org, id, path: entry.key.path, value: entry.value as JsonObject })
    }
    return found
  }
  /** The blob of a file, its organization, and where its bytes lie. */
  const blobOf = async (name: string) => {
    const files = await rows('f')
    const { org = '', value } = files.find(({ path, value }) => path[1] === name && value['state'] === 'present') ?? {}
    const { blob = '' } = (value ?? {}) as unknown as ArtifactRow
    const stored = (await rows('b')).find(({ id, path }) => id === blob && path[0] === 'blob')?.value as unknown as BlobRow
    return { org, blob, row: stored, key: blobKey(org, stored.object ?? blob) }
  }
  const harm = async (name: string, how: Harm) => {
    const { key } = await blobOf(name)
    const { blobs } = house.parts
    const bytes = Buffer.from(await blobs.read(key, 1e9))
    await blobs.delete(key)
    if (how === 'gone') return
    const at = bytes.length - 100
    bytes[at] = (bytes[at] ?? 0) ^ 1
    const next = how === 'flipped' ? bytes : how === 'shorter' ? bytes.subarray(0, -1) : Buffer.concat([bytes, Buffer.from('x')])
    const writer = await blobs.create(key)
    writer.sink.end(next)
    await once(writer.sink, 'finish')
    await writer.finish()
  }
  const told = async () =>
    (await rows('l'))
      .filter(({ value }) => String(value['action']).startsWith('blob.'))
      .map(({ value: { action, changes, actor } }) => [
        action,
        (changes as string[]).map((name) => name.split(' ')[1]).sort(),
        actor,
      ])
  const expectDamaged = (answer: Answer | string) => {
    if (typeof answer === 'string') throw new Error(answer)
    expect([answer.status, answer.headers['retry-after']]).to.deep.equal([503, '300'])
    expect(answer.text()).to.include('The stored content is damaged')
  }
  const actor = { kind: 'house', id: 'storage' }

  for (const encryption of ['app', 'off'] as const)
    for (const how of ['flipped', 'shorter', 'longer', 'gone'] as const)
      it(`(${encryption}, ${how}) are marked once, answered 503 by everybody, and healed by the same bytes`, async () => {
        await open(encryption)
        await put('files/small', small)
        await put('files/large', large)
        await put('more/again', small)
        await put('files/good', randomBytes(100))
        // The other process knows where the bytes lay.
        const large0 = await get('files/large', other)
        expect(large0.body.equals(large)).to.equal(true)
        for (const name of ['small', 'large']) await harm(name, how)
        expect((await house.call('HEAD', '/acme/files/small')).status).to.equal(200)
        const [one, two] = await Promise.all([broken('files/small'), broken('more/again')])
        expectDamaged(one)
        expectDamaged(two)
        // Of a large one the transfer breaks off, where it had begun.
        const first = await broken('files/large')
        if (typeof first === 'string') expect(first).to.equal('ECONNRESET')
        else expectDamaged(first)
        await until(told, (all) => all.length === 2)
        // A process that knew it before breaks off once more, and then knows better.
        await broken('files/large', other)
        for (const at of [house, other]) for (const name of ['small', 'large']) expectDamaged(await broken(`files/${name}`, at))
        expect((await get('files/good')).status).to.equal(200)
        expect(await told()).to.have.deep.members([
          ['blob.damaged', ['again', 'small'], actor],
          ['blob.damaged', ['large'], actor],
        ])

        expect((await put('files/new', small)).status).to.equal(201)
        expect((await put('files/large', large)).status).to.be.within(200, 204)
        for (const at of [house, other]) {
          for (const name of ['files/small', 'more/again', 'files/new'])
            expect((await get(name, at)).body.equals(small), name).to.equal(true)
          expect((await get('files/large', at)).body.equals(large)).to.equal(true)
          const range = await at.call('GET', '/acme/files/large', { headers: { range: 'bytes=2400000-2400099' } })
          expect([range.status, range.body.equals(large.subarray(2_400_000, 2_400_100))]).to.deep.equal([206, true])
        }
        const { blob, row } = await blobOf('small')
        expect([row.damaged, row.state, row.object === blob]).to.deep.equal([undefined, 'live', false])
        expect((await blobOf('new')).blob).to.equal(blob)
      })

  it('that were healed keep their new bytes through the sweeps; the old ones go, and all goes with the last name', async () => {
    await open('app')
    const sweep = async (days: number) => {
      clock.advance(days * 24 * hour)
      await house.kernel.chores.run('clock')
      await house.kernel.chores.run('sweep', { confirmed: true })
    }
    await put('files/small', small)
    await harm('small', 'flipped')
    expectDamaged(await broken('files/small'))
    await put('files/small', small)
    const { key } = await blobOf('small')
    expect(await house.storedBlobs()).to.equal(2)
    for (let at = 0; at < 8; at++) await sweep(8)
    const keys: string[] = []
    for await (const each of house.parts.blobs.list('')) keys.push(each)
    expect(keys).to.deep.equal([key])
    expect((await get('files/small', other)).body.equals(small)).to.equal(true)
    await harm('small', 'gone')
    await house.call('DELETE', '/acme/files/small', { as: 'olga' })
    for (let at = 0; at < 12; at++) await sweep(8)
    expect([await rows('b'), await house.storedBlobs()]).to.deep.equal([[], 0])
  })

  it('are told by the sweep, which takes the mark from those whose bytes are right after all', async () => {
    await open('app')
    const sweep = async (path = 'chores/sweep/run', body: object = { dryRun: false }) => {
      const { last } = await instanceOf(house).done('POST', path, body)
      const { done, samples } = (last as JsonObject)['result'] as JsonObject
      return [done, (samples as JsonObject[]).map(({ deed, names, why }) => [deed, String(names).split(' ')[1], why])]
    }
    await put('files/small', small)
    const { key } = await blobOf('small')
    const bytes = await house.parts.blobs.read(key, 1e9)
    await house.parts.blobs.delete(key)
    expectDamaged(await broken('files/small'))
    const damaged = ['damaged', 'small', 'Its bytes are not what was stored: upload them again']
    expect(await sweep()).to.deep.equal([{ damaged: 1 }, [damaged]])
    const writer = await house.parts.blobs.create(key)
    writer.sink.end(bytes)
    await once(writer.sink, 'finish')
    await writer.finish()
    expectDamaged(await broken('files/small'))
    const right = ['recover', 'small', 'Its bytes were read whole, and are right']
    expect(await sweep(undefined, { dryRun: true })).to.deep.equal([{ recover: 1 }, [right]])
    expectDamaged(await broken('files/small'))
    expect(await sweep()).to.deep.equal([{ recover: 1 }, [right]])
    expect((await get('files/small')).body.equals(small)).to.equal(true)
    expect((await told()).map(([action]) => action)).to.have.members(['blob.damaged', 'blob.recovered'])
    expect(await sweep()).to.deep.equal([{}, []])
  })
})
