import { expect } from 'chai'
import type { EventBus, MemberEvent, ProtocolPlugin, RepositoryEvent } from '#core'
import api from '../../../plugins/api/index.js'
import raw from '../../../plugins/raw/index.js'
import { type House, openHouse } from '../../support/house.js'
import { type Management, operatorOf } from '../../support/management.js'

describe('events of members and repositories', () => {
  let house: House
  let operator: Management
  let heard: (MemberEvent | RepositoryEvent)[]
  const listening: ProtocolPlugin = {
    name: 'listening',
    version: '1.0.0',
    contract: 1,
    mounts: [],
    async start({ events }: { readonly events: EventBus }) {
      events.subscribe('member.changed', async (event, context) => {
        expect(context.organization.id).to.equal(event.organization)
        heard.push(event)
      })
      events.subscribe('repository.changed', async (event) => void heard.push(event))
    },
  }
  beforeEach(async () => {
    heard = []
    house = await openHouse({ plugins: [raw, api, listening] })
    operator = operatorOf(house)
    await told()
  })
  afterEach(() => house.close())

  /** In the order of the log of each: the member's, the repository's. */
  const told = async () => {
    await house.kernel.chores.run('outbox')
    return heard.splice(0).map((event) => {
      expect(event.id).to.match(/^e_[a-z0-9]{20}$/)
      return [event.organization, 'member' in event ? event.member : event.repository, event.change, event.actor]
    })
  }
  /** One after the other in the log, whatever the clock says. */
  const each = async (work: () => Promise<unknown>) => {
    await work()
    return told()
  }

  it('tell of a member that was made, changed, given a password and removed, in the commit that did it', async () => {
    const alice = await operator.done('POST', 'members', { name: 'alice', role: 'developer' })
    const [created] = await told()
    const [org, , , by] = created ?? []
    expect(created).to.deep.equal([org, alice['id'], 'created', by])
    const event = (change: string) => [[org, alice['id'], change, by]]
    expect(await each(() => operator.done('PATCH', 'members/alice', { role: 'reader' }))).to.deep.equal(event('updated'))
    expect(await each(() => operator.done('PATCH', 'members/alice', { role: 'reader' }))).to.deep.equal([])
    const password = { password: 'seven-brown-foxes' }
    expect(await each(() => operator.done('PUT', 'members/alice/password', password))).to.deep.equal(event('updated'))
    expect(await each(() => operator.done('DELETE', 'members/alice'))).to.deep.equal(event('deleted'))
    expect((await operator.send('DELETE', 'members/alice')).status).to.equal(404)
    expect(await told()).to.deep.equal([])
  })

  it('tell of a repository that was made, renamed and removed, and of none whose change was refused', async () => {
    const files = await operator.done('POST', 'repositories', { name: 'files', format: 'raw' })
    const [created] = await told()
    const [org, id, , by] = created ?? []
    expect(created).to.deep.equal([org, files['id'], 'created', by])
    const event = (change: string) => [[org, id, change, by]]
    expect((await operator.send('POST', 'repositories', { name: 'files', format: 'raw' })).status).to.equal(409)
    expect(await told()).to.deep.equal([])
    expect(await each(() => operator.done('PATCH', 'repositories/files', { name: 'docs' }))).to.deep.equal(event('updated'))
    expect(await each(() => operator.done('PATCH', 'repositories/docs', { public: true }))).to.deep.equal(event('updated'))
    expect(await each(() => operator.done('DELETE', 'repositories/docs'))).to.deep.equal(event('deleted'))
  })
})
