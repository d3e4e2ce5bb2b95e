import { randomBytes } from 'node:crypto'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { expect } from 'chai'
import { FsBlobStore } from '../../core/storage/drivers/fs-blob-store.js'
import raw from '../../plugins/raw/index.js'
import { type House, openHouse } from '../support/house.js'
import { type Call, CountedStore, FailingCalls } from './failing-calls.js'

const small = randomBytes(1_000)
const large = randomBytes(700_000)
const uploads = [
  { name: 'a new file', path: 'new', before: undefined },
  { name: 'another file in its place', path: 'old', before: small },
] as const

describe('each single write of an upload fails once', function () {
  this.timeout(120_000)
  let calls: FailingCalls
  before(async () => {
    calls = await FailingCalls.install()
  })
  after(() => calls.restore())

  const open = async () => {
    let folder = ''
    const house = await openHouse({
      plugins: [raw],
      repositories: [{ name: 'files', format: 'raw' }],
      store: 'files',
      parts: async (given = '') => {
        folder = join(given, 'failing')
        return { metadata: new CountedStore(calls), blobs: await FsBlobStore.open({ folder }) }
      },
    })
    return {
      house,
      files: async () => (await readdir(folder, { recursive: true, withFileTypes: true })).filter((one) => one.isFile()).length,
    }
  }
  const put = (house: House, path: string, body: Buffer) => house.call('PUT', `/acme/files/p/${path}`, { body })
  const stored = async (house: House, path: string) => {
    const answer = await house.call('GET', `/acme/files/p/${path}`)
    expect(answer.status).to.be.oneOf([200, 404])
    return answer.status === 404 ? undefined : answer.body
  }

  for (const { name, path, before } of uploads)
    for (const code of ['EIO', 'ENOSPC'] as const)
      it(`${name}, ${code}: refused and nothing to be seen, or there; never something else, and what stood there stays`, async () => {
        const struck: Call[] = []
        for (let n = 1; ; n++) {
          const { house, files } = await open()
          try {
            await put(house, 'kept', small)
            if (before) await put(house, path, Buffer.concat([before, before]))
            const old = await stored(house, path)
            const [filesBefore, rows] = [await files(), await house.storedFiles()]
            calls.arm(n, code)
            const { status } = await put(house, path, large)
            calls.disarm()
            if (calls.struck === undefined) {
              expect(status).to.be.oneOf([201, 204])
              break
            }
            struck.push(calls.struck)
            const where = `${calls.struck}, the ${n}th call`
            if (status === 201 || status === 204) expect((await stored(house, path))?.equals(large), where).to.equal(true)
            else {
              expect(status, where).to.be.oneOf(code === 'ENOSPC' ? [503, 507] : [503])
              expect(await stored(house, path), where).to.deep.equal(old)
              expect([await files(), await house.storedFiles()], where).to.deep.equal([filesBefore, rows])
            }
            expect((await stored(house, 'kept'))?.equals(small), where).to.equal(true)
            // A failed flush, and an EIO, is of the volume: nothing is written to it again before somebody has looked.
            const again = await put(house, path, large)
            const suspect = calls.struck === 'fsync' || (code === 'EIO' && ['write', 'rename'].includes(calls.struck))
            expect(again.status, where).to.be.oneOf(suspect ? [503] : [200, 201, 204])
            expect((await stored(house, path))?.equals(suspect ? (old ?? small) : large) ?? 'absent', where).to.equal(
              suspect && !old ? 'absent' : true,
            )
          } finally {
            calls.disarm()
            await house.close()
          }
        }
        expect(new Set(struck)).to.include.members(['open', 'write', 'fsync', 'rename', 'commit'])
        process.stdout.write(`      ${struck.length} calls failed: ${struck.join(' ')}\n`)
      })
})
