import { expect } from 'chai'
import { randomHex } from '../../../core/runtime/identifiers.js'
import { tenantKeys } from '../../../core/storage/tenant-keys.js'
import api from '../../../plugins/api/index.js'
import raw from '../../../plugins/raw/index.js'
import { FixedClock } from '../../support/fixed-clock.js'
import { type House, openHouse } from '../../support/house.js'
import { operatorOf } from '../../support/management.js'
import { idOf, quotaRows, setQuota } from '../../support/usage-world.js'

const hour = 3_600_000
const tus = { 'tus-resumable': '1.0.0' }

describe('a clock that jumps by two hours', () => {
  let house: House
  let clock: FixedClock
  beforeEach(async () => {
    clock = new FixedClock()
    house = await openHouse({ plugins: [raw, api], repositories: [{ name: 'raw', format: 'raw' }], clock })
  })
  afterEach(() => house.close())

  const put = async (name: string, body: string) =>
    expect((await house.call('PUT', `/acme/raw/${name}`, { body })).status).to.be.within(200, 204)
  /** Every row but those by which chores note that they ran. */
  const rows = async () => {
    const found: string[] = []
    for await (const { entry } of house.parts.metadata.scan()) {
      const [org, kind] = entry.key.partition.split('\0')
      if (org === '.' && ['chore', 'lease', 'instance', 'out'].includes(kind ?? '')) continue
      if (kind !== 'q' && kind !== 'l' && kind !== 'c')
        found.push(`${entry.key.partition} ${entry.key.path.join(' ')} ${JSON.stringify(entry.value)}`)
    }
    return found.sort()
  }
  const runAll = async () => {
    for (const { name } of await house.kernel.chores.list())
      expect((await house.kernel.chores.run(name, { dryRun: false })).status.last?.outcome, name).to.not.equal('failed')
  }

  for (const hours of [-2, 2])
    it(`(${hours} h) makes no chore remove what is nearly over, and all of it goes on a quiet day after it was set right`, async () => {
      const org = await idOf(house, 'acme')
      await setQuota(house, 1_000_000)
      await put('kept', 'one')
      await put('kept', 'two')
      await put('gone', 'gone')
      expect((await house.call('DELETE', '/acme/raw/gone', { as: 'olga' })).status).to.equal(204)
      await operatorOf(house).done('PUT', 'repositories/raw/cleanup', { rules: { olderThanDays: 1 }, activate: true })
      // All of this would be over an hour from now.
      const open = { v: 1, state: 'open', repo: 'r', plugin: 'raw', actor: { kind: 'member', id: 'm' }, request: 'q' }
      clock.advance(10 * 60_000)
      const headers = { ...tus, 'upload-length': '10', 'upload-metadata': `path ${Buffer.from('half').toString('base64')}` }
      const created = await house.call('POST', '/acme/raw/-/tus/', { headers })
      const upload = new URL(created.headers['location'] ?? '', house.url).pathname
      for (let passed = 0; passed < 23; passed++) {
        clock.advance(hour)
        await house.kernel.chores.run('clock')
      }
      const at = clock.now().getTime()
      await house.parts.metadata.commit(
        [
          { op: 'put', key: tenantKeys.batch(org, 'b1'), value: { ...open, at, expires: at + hour } },
          { op: 'put', key: tenantKeys.batchEntry(org, 'b1'), value: { v: 1 } },
        ],
        randomHex(),
      )
      await put('young', 'young')
      // Folding moves bytes from the one to the other; nothing is given back.
      const taken = async () => {
        const { bytes, reserved } = await quotaRows(house)
        return bytes + reserved
      }
      const takenBefore = await taken()
      const before = await rows()
      clock.jump(hours * hour)
      await runAll()
      expect(await rows()).to.deep.equal(before)
      expect(await taken()).to.equal(takenBefore)
      // Somebody sets it right.
      clock.jump(-hours * hour)
      expect((await house.call('HEAD', upload, { headers: tus })).status).to.equal(200)
      const { items = [] } = (await operatorOf(house).done('GET', 'deleted?repository=raw')) as { items?: { id: string }[] }
      await operatorOf(house).done('POST', `deleted/raw/${items[0]?.id}/undo`)
      expect((await house.call('GET', '/acme/raw/gone')).text()).to.equal('gone')
      // An hour and a half later it still rests; a quiet day later all of it goes on.
      clock.advance(1.5 * hour)
      await runAll()
      expect(((await house.kernel.chores.get('sweep')).last?.result as { brake?: string } | null)?.brake).to.match(
        /^The clock was moved/,
      )
      for (let passed = 0; passed < 26; passed++) {
        clock.advance(hour)
        await house.kernel.chores.run('clock')
      }
      await runAll()
      expect((await house.call('HEAD', upload, { headers: tus })).status).to.be.oneOf([401, 404, 410])
      expect(((await house.kernel.chores.get('sweep')).last?.result as { brake?: string } | null)?.brake).to.equal(undefined)
    })
})
