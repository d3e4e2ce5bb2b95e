import { expect } from 'chai'
import { tenantKeys } from '../../../core/storage/tenant-keys.js'
import { all, outcome, People } from '../../support/people.js'

describe('register of organizations', () => {
  it('makes keys first, then everything else in one commit', async () => {
    const people = new People()
    const commits: number[] = []
    const commit = people.store.commit.bind(people.store)
    people.store.commit = async (mutations, token) => {
      commits.push(mutations.length)
      expect(people.keys.made).to.have.length(1)
      return commit(mutations, token)
    }
    const made = await people.register().create('acme', { displayName: 'Acme Ltd' })
    expect(commits).to.deep.equal([4 + 16 + 1])
    expect(people.keys.made).to.deep.equal([made.id])
    expect(made).to.deep.equal({
      id: made.id,
      name: 'acme',
      displayName: 'Acme Ltd',
      status: 'active',
      createdAt: new Date('2026-01-31T12:00:00.000Z'),
      publicAllowed: true,
      disabledFormats: [],
    })
    expect(await people.register().get('acme')).to.deep.equal(made)
  })

  it('lets one of several equal names win, and destroys the keys of the others', async () => {
    const people = new People()
    const results = await Promise.all(Array.from({ length: 5 }, () => outcome(people.register().create('acme'))))
    expect(results.sort()).to.deep.equal(['conflict', 'conflict', 'conflict', 'conflict', 'fine'])
    const { id } = await people.register().get('acme')
    expect(people.keys.made.filter((key) => !people.keys.destroyed.includes(key))).to.deep.equal([id])
    expect((await all(people.register().list())).map(({ name }) => name)).to.deep.equal(['acme'])
  })

  it('refuses malformed names with nothing written', async () => {
    const people = new People()
    for (const name of ['', '-', '-acme', '_acme', 'Acme', 'a.b', 'a/b', 'a\0b', 'a'.repeat(64)]) {
      expect(await outcome(people.register().create(name)), JSON.stringify(name)).to.equal('invalid')
      expect(await outcome(people.register().get(name)), JSON.stringify(name)).to.equal('not-found')
    }
    expect(await all(people.store.scan())).to.deep.equal([])
    expect(people.keys.made).to.deep.equal([])
  })

  it('lists by name, from behind the last one seen', async () => {
    const people = new People()
    for (const name of ['delta', 'acme', 'beta', 'gamma']) await people.register().create(name)
    const names = async (query: { after?: string; limit?: number }) =>
      (await all(people.register().list(query))).map(({ name }) => name)
    expect(await names({})).to.deep.equal(['acme', 'beta', 'delta', 'gamma'])
    expect(await names({ after: 'beta', limit: 1 })).to.deep.equal(['delta'])
    expect(await names({ after: 'between' })).to.deep.equal(['delta', 'gamma'])
    expect(await names({ limit: 0 })).to.deep.equal([])
  })

  it('changes what the patch names, and is for the operator alone', async () => {
    const people = new People()
    const made = await people.register().create('acme')
    expect(await people.register().update('acme', { status: 'suspended' })).to.deep.equal({ ...made, status: 'suspended' })
    expect(await outcome(people.register().update('beta', {}))).to.equal('not-found')
    const owner = people.register({ kind: 'member', id: 'm_1', name: 'olga', role: 'owner', groups: [], by: 'session' })
    for (const refused of [
      owner.create('beta'),
      owner.get('acme'),
      owner.update('acme', {}),
      owner.delete('acme'),
      all(owner.list()),
    ]) {
      expect(await outcome(refused)).to.equal('forbidden')
    }
  })

  it('takes an organization away at once and gives its host names back', async () => {
    const people = new People()
    const { id } = await people.register().create('acme')
    const host = 'npm.acme.example'
    await (await people.administration('acme')).createRepository({ name: 'npm', format: 'npm', host })
    await people.register().delete('acme')
    expect(await outcome(people.register().get('acme'))).to.equal('not-found')
    expect(await all(people.register().list())).to.deep.equal([])
    expect(await people.store.get(tenantKeys.organization(id))).to.equal(undefined)
    await people.register().create('beta')
    const beta = await people.administration('beta')
    expect(await outcome(beta.createRepository({ name: 'npm', format: 'npm', host }))).to.equal('fine')
  })
})
