import { expect } from 'chai'
import type { JsonObject } from '../../../core/runtime/json.js'
import { logRows } from '../../support/log-rows.js'
import { People } from '../../support/people.js'

describe('log of changes', () => {
  it('has one row for each change, in its commit, with ids and names of fields and no value of them', async () => {
    const people = new People()
    const { id: org } = await people.register().create('acme')
    const step = () => people.clock.advance(1)
    step()
    const directory = await people.directory('acme')
    const ada = await directory.createMember({ name: 'ada', role: 'developer', password: 'plum harbour 42' })
    step()
    await directory.updateMember(ada.id, { email: 'ada@acme.example', displayName: 'Ada' })
    step()
    await directory.updateMember(ada.id, { displayName: 'Ada' })
    const administration = await people.administration('acme')
    const token = await administration.issueToken(ada.id, { name: 'ci', scopes: [{ kind: 'organization', level: 'read' }] })
    step()
    const asAda = await people.desk('acme', await people.bearer('acme', token.token))
    await asAda.revokeToken(token.token)
    const rows = await logRows(people.store, org)
    const operator = { kind: 'operator', id: 'op_test' }
    const at = (ms: number) => Date.UTC(2026, 0, 31, 12) + ms
    const common = { v: 1, request: 'req_1' }
    const target = { kind: 'member', id: ada.id }
    const issued = { kind: 'token', id: token.id }
    const event = (row: number, change: string) => {
      const id = (rows[row]?.['events'] as readonly JsonObject[] | undefined)?.[0]?.['id']
      return { kind: 'member.changed', id, organization: org, member: ada.id, change, actor: operator.id }
    }
    expect(rows).to.deep.equal([
      {
        ...common,
        at: at(0),
        actor: operator,
        action: 'organization.create',
        target: { kind: 'organization', id: org },
        changes: [],
      },
      {
        ...common,
        at: at(1),
        actor: operator,
        action: 'member.create',
        target,
        changes: ['name', 'role', 'password'],
        events: [event(1, 'created')],
      },
      {
        ...common,
        at: at(2),
        actor: operator,
        action: 'member.update',
        target,
        changes: ['email', 'displayName'],
        events: [event(2, 'updated')],
      },
      { ...common, at: at(3), actor: operator, action: 'token.issue', target: issued, changes: [] },
      {
        ...common,
        at: at(4),
        actor: { kind: 'member', id: ada.id, credential: token.id },
        action: 'token.revoke',
        target: issued,
        changes: [],
      },
    ])
    const text = JSON.stringify(rows)
    for (const secret of ['plum harbour', token.token, 'ada@acme.example', 'Ada']) expect(text).to.not.include(secret)
  })

  it('says nothing of a change that was refused', async () => {
    const people = new People()
    const { id: org } = await people.register().create('acme')
    const directory = await people.directory('acme')
    await directory.createMember({ name: 'ada' })
    await directory.createMember({ name: 'ADA' }).catch(() => undefined)
    expect((await logRows(people.store, org)).map(({ action }) => action).sort()).to.deep.equal([
      'member.create',
      'organization.create',
    ])
  })
})
