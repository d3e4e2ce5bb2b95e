import { expect } from 'chai'
import { permissions } from '../../../core/auth/permission.js'
import { newToken, tokenHash } from '../../../core/auth/token-format.js'
import { tenantKeys } from '../../../core/storage/tenant-keys.js'
import { changeOf, outcome, People } from '../../support/people.js'

describe('tokens of identity providers', () => {
  it('are taken at the mount of scim, and no other token is', async () => {
    const people = new People()
    await people.register().create('acme')
    const directory = await people.directory('acme')
    const administration = await people.administration('acme')
    const ada = await directory.createMember({ name: 'Ada', role: 'developer' })
    const scopes = [{ kind: 'repository', repository: '*', level: 'write' }] as const
    const { token } = await administration.issueToken(ada.id, { name: 'ci', scopes })
    const instance = await people.operators.create('first start')
    const { organization } = await people.tenancy.open('acme')
    const made = newToken('x')
    const common = { v: 1, id: 'tok_okta', cidr: [], expiresAt: '2099-01-01T00:00:00.000Z', connection: 'okta' }
    const secret = { ...common, kind: 'x' }
    const listing = { ...common, hash: tokenHash(made), prefix: made.slice(0, 12), createdAt: common.expiresAt, createdBy: 'm_1' }
    const rows = [
      { key: tenantKeys.secret(organization.id, tokenHash(made), 'token'), value: secret },
      { key: tenantKeys.scimToken(organization.id, 'tok_okta'), value: listing },
    ]
    const begun = changeOf(people, organization.id)
    for (const { key, value } of rows) begun.put(key, value)
    await begun.commit()
    const ask = async (bearer: string, plugin?: string, mount: 'repository' | 'organization' = 'organization') => {
      const credentials = { authorization: `Bearer ${bearer}`, address: '::1' }
      return people.authenticator.authenticate(await people.tenancy.open('acme'), credentials, mount, plugin)
    }
    const scim = { kind: 'scim', id: 'tok_okta', connection: 'okta' } as const
    expect(await ask(made, 'scim')).to.deep.equal(scim)
    expect(await outcome(ask(made, 'api'))).to.equal('unauthenticated')
    expect(await outcome(ask(made))).to.equal('unauthenticated')
    expect(await outcome(ask(made, 'scim', 'repository'))).to.equal('unauthenticated')
    expect(await outcome(ask(token, 'scim'))).to.equal('unauthenticated')
    expect(await outcome(ask(instance.token, 'scim'))).to.equal('unauthenticated')
    const tenant = await people.tenancy.open('acme')
    expect(permissions.filter((one) => people.policy.permits(tenant, scim, one))).to.deep.equal([
      'members.read',
      'members.manage',
    ])
    expect(await people.authenticator.refresh(tenant, scim)).to.deep.equal(scim)
    await people.usage.flush()
    const used = await people.store.get(tenantKeys.scimToken(organization.id, 'tok_okta'))
    expect(used?.value).to.deep.include({ ...listing, lastUsedAt: people.clock.now().toISOString() })
    const gone = changeOf(people, organization.id)
    for (const { key } of rows) gone.delete(key)
    await gone.commit()
    expect(await outcome(ask(made, 'scim'))).to.equal('unauthenticated')
    expect(await outcome(people.authenticator.refresh(tenant, scim))).to.equal('unauthenticated')
  })
})
