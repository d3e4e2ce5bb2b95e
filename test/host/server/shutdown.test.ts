import { once } from 'node:events'
import { expect } from 'chai'
import { json, type Reply, text } from '#core'
import { silentLogger } from '#core/host'
import { Shutdown } from '../../../host/server/shutdown.js'
import { type Door, openDoor } from '../support/door.js'

const request = 'GET /f HTTP/1.1\r\nHost: localhost\r\n\r\n'

describe('Going down', () => {
  let door: Door
  let handle: () => Promise<Reply>
  let shutdown: Shutdown
  beforeEach(async () => {
    door = await openDoor(() => handle())
    shutdown = new Shutdown(door.server, door.health, silentLogger)
  })
  afterEach(() => door.close())

  it('lets running requests finish, closes their connections and refuses new ones', async () => {
    let answer: (() => void) | undefined
    const entered = new Promise<void>((resolve) => {
      handle = async () => {
        resolve()
        await new Promise<void>((go) => {
          answer = go
        })
        return text(200, 'finished')
      }
    })
    const client = await door.raw()
    client.write(request)
    await entered
    const done = shutdown.begin({ notice: 0, requests: 10_000 })
    const refused = await door.raw().catch((error: NodeJS.ErrnoException) => error.code)
    answer?.()
    const reply = await client.answer()
    await done
    expect([refused, reply.body, reply.headers['connection'], await client.rest()]).to.deep.equal([
      'ECONNREFUSED',
      'finished',
      'close',
      '',
    ])
  })

  it('says so to balancers while it still accepts', async () => {
    handle = async () => json(200, {})
    const done = shutdown.begin({ notice: 1_500, requests: 10_000 })
    const { status, headers } = await door.send('GET /-/health HTTP/1.1', 'Host: localhost')
    await done
    expect([status, headers['connection']]).to.deep.equal([503, 'close'])
  })

  it('closes connections on which nothing is going on', async () => {
    handle = async () => json(200, {})
    const client = await door.raw()
    client.write(request)
    await client.answer()
    await shutdown.begin({ notice: 0, requests: 10_000 })
    expect(await client.rest()).to.equal('')
  })

  it('cuts what does not end, and is one shutdown however often it is asked', async () => {
    handle = () => new Promise(() => {})
    const client = await door.raw()
    client.write(request)
    await once(door.server, 'request')
    const done = shutdown.begin({ notice: 0, requests: 50 })
    expect(shutdown.begin()).to.equal(done)
    await done
    expect(await client.rest()).to.equal('')
  })
})
