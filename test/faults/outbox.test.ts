import { randomBytes } from 'node:crypto'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import { until } from '../support/worker-processes.js'
import { HouseProcess } from './house-process.js'
import type { ListenerManner } from './listener.js'
import { audit } from './store-audit.js'

const files = 12

describe('events of a process that is killed', function () {
  this.timeout(60_000)
  let folder: string
  let running: HouseProcess | undefined
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'cloudrepo-outbox-'))
    await writeFile(join(folder, 'key'), randomBytes(32))
    await writeFile(join(folder, 'told'), '')
  })
  afterEach(async () => {
    await running?.kill()
    await rm(folder, { recursive: true, force: true })
  })

  const start = async (manner: ListenerManner) => {
    running = new HouseProcess(folder, 'sound', 0, manner)
    await running.start()
    return running
  }
  const told = async () => (await readFile(join(folder, 'told'), 'utf8')).split('\n').filter(Boolean)
  const publish = async (house: HouseProcess) => {
    const { token } = await house.tokens()
    for (let at = 0; at < files; at++) {
      const headers = { authorization: `Bearer ${token}` }
      const answer = await fetch(`${house.url}/main/raw/f${at}`, { method: 'PUT', headers, body: `content ${at}` })
      expect(answer.status).to.equal(201)
    }
  }
  /** The next process over the same folder, until it has told everything; then killed too, so that the store can be read. */
  const restart = async () => {
    const house = await start('steady')
    await until(told, (ids) => new Set(ids).size === files)
    await house.kill()
    const { untold, inventedEvents, told: count } = await audit(folder)
    expect({ untold, inventedEvents, count }).to.deep.equal({ untold: [], inventedEvents: [], count: files })
  }

  it('between the commit and the delivery are told by the next, once', async () => {
    const house = await start('deaf')
    await publish(house)
    await house.kill()
    const before = await audit(folder)
    expect([before.told, before.untold.length]).to.deep.equal([0, files])
    await restart()
    expect(await told()).to.have.members(before.untold)
    expect(await told()).to.have.length(files)
  })

  it('between the delivery and its mark are told again, under the same id', async () => {
    const house = await start('stuck')
    await publish(house)
    const [first] = await until(told, (ids) => ids.length > 0)
    await house.kill()
    expect(await told()).to.deep.equal([first])
    await restart()
    const ids = await told()
    expect([ids.length, ids.filter((id) => id === first).length]).to.deep.equal([files + 1, 2])
  })
})
