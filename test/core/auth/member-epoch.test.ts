import { expect } from 'chai'
import { newMemberEpoch } from '../../../core/auth/member-epoch.js'
import { changeOf, outcome, People } from '../../support/people.js'

describe('epoch of a member', () => {
  it('refuses every token issued before it, and takes those issued since', async () => {
    const people = new People()
    await people.register().create('acme')
    const directory = await people.directory('acme')
    const administration = await people.administration('acme')
    const ada = await directory.createMember({ name: 'Ada', role: 'developer' })
    const scopes = [{ kind: 'repository', repository: '*', level: 'write' }] as const
    const { token } = await administration.issueToken(ada.id, { name: 'ci', scopes })
    const tenant = await people.tenancy.open('acme')
    const before = await people.bearer('acme', token)
    const org = tenant.organization.id
    const ended = newMemberEpoch(org, ada.id, 'tokens')
    await changeOf(people, org).put(ended.key, ended.value).commit()
    expect(await outcome(people.bearer('acme', token))).to.equal('unauthenticated')
    expect(await outcome(people.authenticator.refresh(tenant, before))).to.equal('unauthenticated')
    const issued = await administration.issueToken(ada.id, { name: 'again', scopes })
    const now = await people.bearer('acme', issued.token)
    expect(await people.authenticator.refresh(tenant, now)).to.deep.equal(now)
  })
})
