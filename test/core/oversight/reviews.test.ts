import { expect } from 'chai'
import type { Principal } from '../../../core/auth/principal.js'
import { tenantKeys } from '../../../core/storage/tenant-keys.js'
import { all, changeOf, People } from '../../support/people.js'

const day = 86_400_000

async function acme() {
  const people = new People()
  await people.register().create('acme')
  const directory = await people.directory('acme')
  const olga = await directory.createMember({ name: 'olga', role: 'owner' })
  const adam = await directory.createMember({ name: 'adam', role: 'admin' })
  const robot = await directory.createMember({ name: 'robot', kind: 'service' })
  const principal: Principal = { kind: 'member', id: adam.id, name: 'adam', role: 'admin', groups: [], by: 'session' }
  const scopes = [{ kind: 'repository', repository: '*', level: 'read' }] as const
  const issued = await (await people.administration('acme', principal)).issueToken(robot.id, { name: 'ci', scopes })
  const trail = async () => people.handles.audit(await people.scope('acme'))
  return { people, directory, olga, adam, robot, issued, trail }
}

describe('reviews', () => {
  it('tell of a token whose maker was deactivated, and of one whose maker is gone', async () => {
    const { directory, adam, issued, trail } = await acme()
    const found = async () => {
      const tokens = await all((await trail()).tokenReview({ oldDays: 90, unusedDays: 90, finding: 'leaver' }))
      return tokens.map(({ id, createdBy, findings }) => [id, createdBy, findings])
    }
    expect(await found()).to.deep.equal([])
    await directory.updateMember(adam.id, { status: 'inactive' })
    expect(await found()).to.deep.equal([[issued.id, adam.id, ['leaver']]])
    await directory.deleteMember(adam.id)
    expect(await found()).to.deep.equal([[issued.id, adam.id, ['leaver']]])
  })

  it('tell when a member was last seen, and of a token that nobody used since', async () => {
    const { people, robot, issued, trail } = await acme()
    await people.bearer('acme', issued.token)
    await people.usage.flush()
    const used = people.clock.now()
    const seen = await all((await trail()).accessReview({}))
    expect(seen.map(({ name, lastUsedAt }) => [name, lastUsedAt])).to.deep.equal([
      ['adam', undefined],
      ['olga', undefined],
      ['robot', used],
    ])
    people.clock.advance(89 * day)
    const unused = async () => {
      const tokens = await all((await trail()).tokenReview({ oldDays: 365, unusedDays: 89 }))
      return tokens.map(({ member, lastUsedAt, findings }) => [member?.id, lastUsedAt, findings])
    }
    expect(await unused()).to.deep.equal([[robot.id, used, ['unused']]])
  })

  it('tell of a browser session as of a token, once its second factor was shown', async () => {
    const { people, adam, olga, trail } = await acme()
    const { organization } = await people.tenancy.open('acme')
    const begun = people.clock.now().getTime()
    const change = changeOf(people, organization.id)
    for (const [hash, member, lastSeen, more] of [
      ['h1', adam.id, begun - 60_000, {}],
      ['h2', adam.id, begun, {}],
      ['h3', olga.id, begun, { pending: 'code' }],
    ] as const) {
      const times = { createdAt: lastSeen, authenticatedAt: lastSeen, lastSeen, until: begun + day }
      change
        .put(tenantKeys.secret(organization.id, hash, 'session'), {
          v: 1,
          member,
          epoch: '',
          ...times,
          methods: ['pwd'],
          ...more,
        })
        .put(tenantKeys.memberSession(organization.id, member, hash), { v: 1, createdAt: lastSeen, until: begun + day })
    }
    await change.commit()
    const seen = await all((await trail()).accessReview({}))
    expect(seen.map(({ name, lastUsedAt }) => [name, lastUsedAt?.getTime()])).to.deep.equal([
      ['adam', begun],
      ['olga', undefined],
      ['robot', undefined],
    ])
  })

  it('tell of the tokens of identity providers before those of members, page by page', async () => {
    const { people, robot, issued, trail } = await acme()
    const { scimTokens } = await people.administration('acme')
    const [one, two] = [
      await scimTokens.issue({ connection: 'okta' }),
      await scimTokens.issue({ connection: 'okta', expiresInDays: 9 }),
    ]
    people.clock.advance(10 * day)
    const review = async (after?: { readonly member: string; readonly token: string }) => {
      const query = { oldDays: 90, unusedDays: 90, ...(after === undefined ? {} : { after }) }
      const tokens = await all((await trail()).tokenReview(query))
      return tokens.map(({ id, name, connection, member, findings }) => [id, name, connection, member?.id, findings])
    }
    const rows = [
      [one.id, 'okta', 'okta', undefined, ['never-used']],
      [two.id, 'okta', 'okta', undefined, ['never-used', 'expired']],
    ].sort(([a], [b]) => (String(a) < String(b) ? -1 : 1))
    const last = [issued.id, 'ci', undefined, robot.id, ['never-used']]
    expect(await review()).to.deep.equal([...rows, last])
    expect(await review({ member: '', token: String(rows[0]?.[0]) })).to.deep.equal([rows[1], last])
    expect(await review({ member: '', token: String(rows[1]?.[0]) })).to.deep.equal([last])
  })

  it('need the right to read the log', async () => {
    const { people, trail } = await acme()
    const nobody = people.handles.audit(await people.scope('acme', { kind: 'anonymous' }))
    for (const ask of [
      () => all(nobody.tokenReview({ oldDays: 1, unusedDays: 1 })),
      () => all(nobody.accessReview({})),
      () => all(nobody.leavers()),
      () => nobody.list({ limit: 1 }),
      () => nobody.export(),
      () => nobody.state(),
      () => nobody.verify(),
    ])
      expect(
        await ask().then(
          () => 'fine',
          (error: { kind?: string }) => error.kind,
        ),
      ).to.equal('forbidden')
    expect((await (await trail()).verify()).fault).to.equal(undefined)
  })
})
