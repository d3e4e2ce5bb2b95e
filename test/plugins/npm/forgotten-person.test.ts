import { expect } from 'chai'
import api from '../../../plugins/api/index.js'
import npm from '../../../plugins/npm/index.js'
import { FixedClock } from '../../support/fixed-clock.js'
import { type House, openHouse } from '../../support/house.js'
import { operatorOf, type Thing } from '../../support/management.js'
import { publishBody } from '../../support/npm-package.js'

describe('a person who is erased, in npm packages', () => {
  let house: House
  let clock: FixedClock
  beforeEach(async () => {
    clock = new FixedClock()
    house = await openHouse({ plugins: [npm, api], repositories: [{ name: 'js', format: 'npm' }], idle: true, clock })
  })
  afterEach(() => house.close())

  const publish = async (name: string, version: string, as: 'dora' | 'olga') => {
    const body = JSON.stringify(await publishBody({ name, version }))
    const answer = await house.call('PUT', `/acme/js/${name}`, { as, headers: { 'content-type': 'application/json' }, body })
    expect(answer.status, answer.text()).to.equal(201)
  }
  const packument = async (name: string) => (await house.call('GET', `/acme/js/${name}`, { as: 'rita' })).json() as Thing
  const search = async (text: string) =>
    (await house.call('GET', `/acme/js/-/v1/search?text=${text}`, { as: 'rita' })).json() as { objects: { package: Thing }[] }
  const erase = async () => {
    await operatorOf(house).done('POST', 'erasures', { member: 'dora' })
    clock.advance(72 * 3_600_000)
    await house.kernel.chores.run('clock')
    return (await house.kernel.chores.run('erasures')).status.last?.result
  }

  it('is shown as deleted-user-1, at the next request; versions, tags and everybody else stay as they are', async () => {
    await publish('left-pad', '1.0.0', 'dora')
    await publish('left-pad', '1.1.0', 'olga')
    await publish('other', '1.0.0', 'olga')
    const before = await packument('left-pad')
    const other = await house.call('GET', '/acme/js/other', { as: 'rita' })
    expect(await erase()).to.deep.equal({ erased: 1, blocked: 0 })
    const after = await packument('left-pad')
    const shown = { name: 'deleted-user-1', email: '' }
    const olga = { name: 'olga', email: '' }
    const versions = after['versions'] as Record<string, Thing>
    const old = before['versions'] as Record<string, Thing>
    expect(versions).to.deep.equal({
      '1.0.0': { ...old['1.0.0'], _npmUser: shown, maintainers: [shown] },
      '1.1.0': { ...old['1.1.0'], _npmUser: olga, maintainers: [shown] },
    })
    expect(after['dist-tags']).to.deep.equal(before['dist-tags'])
    expect(after['maintainers']).to.deep.equal([shown])
    expect((await house.call('GET', '/acme/js/other', { as: 'rita' })).text()).to.equal(other.text())
    const [found] = (await search('left-pad')).objects
    expect(found?.package['maintainers']).to.deep.equal([{ username: 'deleted-user-1', email: '' }])
    const [certificate] = await operatorOf(house).items('erasures')
    expect((certificate?.['counts'] as Thing | undefined)?.['packages']).to.equal(1)
    const left: string[] = []
    for await (const { entry } of house.parts.metadata.scan()) {
      const text = JSON.stringify(entry)
      if (/\bdora\b/.test(text)) left.push(text)
    }
    expect(left).to.deep.equal([])
    const tarball = await house.call('GET', '/acme/js/left-pad/-/left-pad-1.0.0.tgz', { as: 'rita' })
    expect(tarball.status).to.equal(200)
  })

  it('was called otherwise when it published, and loses its stars', async () => {
    await publish('left-pad', '1.0.0', 'dora')
    const starred = { _id: 'left-pad', _rev: (await packument('left-pad'))['_rev'], users: { dora: true } }
    const star = await house.call('PUT', '/acme/js/left-pad', {
      as: 'dora',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(starred),
    })
    expect(star.status, star.text()).to.equal(201)
    expect((await packument('left-pad'))['users']).to.deep.equal({ dora: true })
    const { id } = await operatorOf(house).done('PATCH', 'members/dora', { name: 'theodora' })
    await operatorOf(house).done('POST', 'erasures', { member: id })
    clock.advance(72 * 3_600_000)
    await house.kernel.chores.run('clock')
    expect((await house.kernel.chores.run('erasures')).status.last?.result).to.deep.equal({ erased: 1, blocked: 0 })
    const after = await packument('left-pad')
    expect(after['users'] ?? {}).to.deep.equal({})
    expect(JSON.stringify(after)).to.not.match(/dora/)
    const documents = (await house.storedDocuments()).filter((key) => key.includes('dora') || key.includes('star'))
    expect(documents).to.deep.equal([])
  })
})
