import { expect } from 'chai'
import { json, type ProtocolPlugin, principalId, repositoryRoute } from '#core'
import { type House, openHouse } from '../../support/house.js'
import { exchange } from '../../support/wire.js'

/** Writes what its body says: a note of the caller's own, or somebody else's, or a document for which writing is needed. */
const route = repositoryRoute({
  method: 'PUT',
  path: '/{name}',
  permission: 'artifacts.write',
  lesser: 'artifacts.read',
  async handle(request, context) {
    const { kind, text = '' } = (await request.json()) as Record<string, string>
    const { name } = request.params
    const own = principalId(context.principal)
    if (kind === 'own') await context.changeOwn().putDocument([name, 'note', own], text).commit()
    else if (kind === 'removed') await context.changeOwn().deleteDocument([name, 'note', own]).commit()
    else if (kind === 'another') context.changeOwn().putDocument([name, 'note', 'm_another'], text)
    else if (kind === 'named') context.changeOwn().putDocument([own, 'note'], text)
    else if (kind === 'stale') await context.changeOwn().requireHead(name, 7).putDocument([name, 'note', own], text).commit()
    else await context.change().putDocument([name, 'page'], text).commit()
    return json(201, {})
  },
})

describe('a route for which less is enough', () => {
  let house: House
  before(async () => {
    const mounts = [{ scope: 'repository', routes: [route] }] as const
    const plugin: ProtocolPlugin = { name: 'notes', version: '1.0.0', contract: 1, mounts }
    const repositories = [
      { name: 'n', format: 'notes' },
      { name: 'open', format: 'notes', public: true },
    ] as const
    house = await openHouse({ plugins: [plugin], repositories })
  })
  after(() => house.close())
  const documents = async () => (await house.storedDocuments()).map((each) => each.replace(/m_[0-9a-z]+/, 'm_…'))
  const put = async (as: 'dora' | 'rita' | 'gus' | 'nobody' | 'bert', body: object, repository = 'n') =>
    (await house.call('PUT', `/acme/${repository}/a`, { as, body: JSON.stringify(body) })).status

  it('lets a reader leave a document of its own, and take it away', async () => {
    expect(await put('rita', { kind: 'own', text: 'read' })).to.equal(201)
    expect(await documents()).to.deep.equal(['acme/n/notes/a: note/m_…'])
    expect(await put('rita', { kind: 'removed' })).to.equal(201)
    expect(await documents()).to.deep.equal([])
  })

  it('lets a reader do nothing else: neither a document of another, nor what needs the right to write', async () => {
    for (const kind of ['another', 'named', 'page']) expect(await put('rita', { kind }), kind).to.equal(403)
    expect(await put('dora', { kind: 'another' })).to.equal(403)
    expect(await put('rita', { kind: 'own', text: 'x'.repeat(2_000) })).to.equal(400)
    expect(await put('rita', { kind: 'stale' })).to.equal(412)
    expect(await documents()).to.deep.equal([])
    expect(await put('dora', { kind: 'page' })).to.equal(201)
  })

  it('reads nothing of a reader that is large, or does not say how large it is', async () => {
    const headers = { Authorization: `Bearer ${house.token('rita')}` }
    for (const body of ['withheld', 'endless'] as const) {
      const answer = await exchange(house.url, { method: 'PUT', target: '/acme/n/a', headers, body })
      expect([answer.status, answer.continued], body).to.deep.equal([403, false])
    }
    expect(await put('rita', { kind: 'own', text: '', more: 'x'.repeat(64 * 1024) })).to.equal(403)
  })

  it('lets nobody in who may not read, nor anybody without a name', async () => {
    expect(await put('gus', { kind: 'own' })).to.equal(404)
    expect(await put('bert', { kind: 'own' })).to.equal(401)
    for (const repository of ['n', 'open']) expect(await put('nobody', { kind: 'own' }, repository)).to.equal(401)
  })
})
