import { randomBytes } from 'node:crypto'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import { type Point, points } from './crash-point.js'
import { HouseProcess } from './house-process.js'
import { type State, stateOf } from './ledger.js'
import { audit } from './store-audit.js'
import { settle } from './sweep-load.js'

const kept = randomBytes(400_000)
const counts = (point: Point) => points.indexOf(point) >= points.indexOf('F11 behind the commit, before the answer')
const afterTheBytes: readonly Point[] = [
  'F10 before the commit',
  'F11 behind the commit, before the answer',
  'F12 behind the telling, before it is marked',
]

interface Case {
  readonly name: string
  readonly method: 'PUT' | 'DELETE'
  readonly body?: () => Buffer
  /** What stands there before. */
  readonly before?: Buffer
  readonly at: readonly Point[]
}
const fresh = () => randomBytes(700_000)
const cases: readonly Case[] = [
  { name: 'a new file', method: 'PUT', body: fresh, at: points },
  {
    name: 'another file in its place',
    method: 'PUT',
    body: fresh,
    before: randomBytes(1_000),
    at: ['F4 behind the first write', 'F7 behind rename', ...afterTheBytes],
  },
  // Its own copy never becomes durable: it shares what is there.
  {
    name: 'a file of bytes that are there already',
    method: 'PUT',
    body: () => kept,
    at: ['F2 behind the intent', 'F5 at the end of the body', ...afterTheBytes],
  },
  { name: 'the removal of a file', method: 'DELETE', before: randomBytes(1_000), at: afterTheBytes },
]

describe('a process that dies at a named point of an upload', function () {
  this.timeout(300_000)
  let folder: string
  let house: HouseProcess
  let headers: Record<string, string>
  /** What has to stand at each address. */
  const expected = new Map<string, State>([['kept', stateOf(kept)]])

  const open = async (point = '') => {
    house = new HouseProcess(folder, 'sound', 0, 'failing', point)
    await house.start()
  }
  const send = async (method: string, name: string, body?: Buffer) => {
    const answer = await fetch(`${house.url}/main/raw/p/${name}`, { method, headers, ...(body ? { body } : {}) })
    return { status: answer.status, content: new Uint8Array(await answer.arrayBuffer()) }
  }
  const stands = async (name: string): Promise<State> => {
    const { status, content } = await send('GET', name)
    expect(status).to.be.oneOf([200, 404])
    return status === 404 ? 'absent' : stateOf(content)
  }
  const check = async () => {
    for (const [name, state] of expected) expect([name, await stands(name)]).to.deep.equal([name, state])
    const listing = await fetch(`${house.url}/main/raw/p/?format=json&limit=1000`, { headers })
    const { entries } = (await listing.json()) as { entries: { name: string }[] }
    const present = [...expected].filter(([, state]) => state !== 'absent').map(([name]) => name)
    expect(entries.map(({ name }) => name)).to.deep.equal(present.sort())
  }

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'cloudrepo-points-'))
    await writeFile(join(folder, 'key'), randomBytes(32))
    await open()
    headers = { authorization: `Bearer ${(await house.tokens()).token}` }
    expect((await send('PUT', 'kept', kept)).status).to.equal(201)
    await house.kill()
  })
  afterEach(() => house.kill())
  after(async () => {
    await rm(folder, { recursive: true, force: true })
  })

  for (const { name, method, body: make, before, at } of cases)
    for (const point of at)
      it(`${name}: ${point}`, async () => {
        const file = `${name} ${point}`.replaceAll(/[^A-Za-z0-9]+/g, '-')
        const body = make?.()
        await open(point)
        if (before) {
          expect((await send('PUT', file, before)).status).to.equal(201)
          expected.set(file, stateOf(before))
        }
        await house.arm()
        const status = await send(method, file, body).then(
          (answer) => answer.status,
          () => 'none' as const,
        )
        expect(await house.died()).to.equal('SIGKILL')
        // Nobody is told of success before it is certain; behind the answer only the telling is left.
        expect(status).to.be.oneOf(point.startsWith('F12') ? [201, 200, 204, 'none'] : ['none'])
        expected.set(file, counts(point) ? (body ? stateOf(body) : 'absent') : before ? stateOf(before) : 'absent')
        await open()
        await check()
        // The client's repeat succeeds, whatever had become of the first.
        const again = await send(method, file, body)
        expect(again.status).to.be.oneOf(method === 'DELETE' && counts(point) ? [404] : [200, 201, 204])
        expected.set(file, body ? stateOf(body) : 'absent')
        await check()
      })

  it('and all of them together leave no dangling name, no bytes, no intent and no event untold, a day later', async () => {
    const tally = { sweeps: 0, removed: 0 }
    await settle(folder, 'sound', tally)
    const { dangling, orphans, intents, untold, inventedEvents, storedBytes, referencedBytes } = await audit(folder)
    expect({ dangling, orphans, intents, untold, inventedEvents }).to.deep.equal({
      dangling: [],
      orphans: [],
      intents: 0,
      untold: [],
      inventedEvents: [],
    })
    expect(storedBytes).to.equal(referencedBytes)
    await open()
    await check()
  })
})
