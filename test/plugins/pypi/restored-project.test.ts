import { expect } from 'chai'
import api from '../../../plugins/api/index.js'
import pypi from '../../../plugins/pypi/index.js'
import { type House, openHouse } from '../../support/house.js'
import { expectRefusal, type Management, operatorOf, type Thing } from '../../support/management.js'
import { buildWheel } from '../../support/wheel-builder.js'
import { json, upload } from './pypi-house.js'

describe('a project that comes back beside what was uploaded meanwhile', () => {
  let house: House
  let operator: Management
  beforeEach(async () => {
    house = await openHouse({ plugins: [pypi, api], repositories: [{ name: 'py', format: 'pypi' }] })
    operator = operatorOf(house)
    await publish('1.0')
  })
  afterEach(() => house.close())

  const publish = async (version: string) => {
    const wheel = buildWheel({ name: 'bard', version, headers: [`Summary: Of ${version}`] })
    expect((await upload(house, wheel, 'bard', version)).status).to.equal(200)
  }
  const remove = async (what: string) => {
    await operator.done('DELETE', `packages/py/${what}`)
    return `deleted/py/${(await operator.items('deleted?repository=py')).at(-1)?.['id']}/undo`
  }
  const told = async () => {
    const page = await house.call('GET', '/acme/py/simple/bard/', { headers: { accept: json } })
    expect(page.status).to.equal(200)
    const { latest, description } = await operator.done('GET', 'packages/py/bard')
    const list = (await house.call('GET', '/acme/py/simple/', { headers: { accept: json } })).json() as { projects: Thing[] }
    expect(list.projects).to.deep.equal([{ name: 'bard' }])
    return { versions: (page.json() as Thing)['versions'], latest, description }
  }

  for (const what of ['bard', 'bard/1.0'])
    for (const [meanwhile, latest] of [
      ['0.9', '1.0'],
      ['2.0', '2.0'],
      ['2.0rc1', '1.0'],
    ] as const)
      it(`is the one project of both after a delete of ${what} and an upload of ${meanwhile}`, async () => {
        const undo = await remove(what)
        await publish(meanwhile)
        await operator.done('POST', undo)
        const versions = ['1.0', meanwhile].sort()
        expect(await told()).to.deep.equal({ versions, latest, description: `Of ${latest}` })
      })

  it('comes back with a release of it that was deleted before', async () => {
    await publish('2.0')
    const release = await remove('bard/2.0')
    const project = await remove('bard')
    await operator.done('POST', release)
    expect(await told()).to.deep.equal({ versions: ['2.0'], latest: '2.0', description: 'Of 2.0' })
    await operator.done('POST', project)
    expect(await told()).to.deep.equal({ versions: ['1.0', '2.0'], latest: '2.0', description: 'Of 2.0' })
  })

  it('is not described by a release that stays deleted', async () => {
    await publish('2.0')
    const lower = await remove('bard/1.0')
    const higher = await remove('bard/2.0')
    await operator.done('POST', lower)
    expect(await told()).to.deep.equal({ versions: ['1.0'], latest: '1.0', description: null })
    await operator.done('POST', higher)
    expect(await told()).to.deep.equal({ versions: ['1.0', '2.0'], latest: '2.0', description: 'Of 2.0' })
  })

  it('keeps the status that it had, and one that was set since', async () => {
    await publish('2.0')
    const status = async () =>
      ((await house.call('GET', '/acme/py/simple/bard/', { headers: { accept: json } })).json() as Thing)['project-status']
    await operator.done('PUT', 'packages/py/bard/status', { status: 'deprecated', reason: 'old' })
    const project = await remove('bard')
    await publish('0.9')
    await operator.done('POST', project)
    expect(await status()).to.deep.equal({ status: 'deprecated', reason: 'old' })
    const release = await remove('bard/2.0')
    await operator.done('PUT', 'packages/py/bard/status', { status: 'active' })
    await operator.done('POST', release)
    expect(await status()).to.deep.equal({ status: 'active' })
    expect((await told()).latest).to.equal('2.0')
  })

  it('does not come back over a file of it that was uploaded again', async () => {
    const undo = await remove('bard')
    await publish('1.0')
    const before = [await house.storedFiles(), await house.storedDocuments()]
    expectRefusal(
      await operator.send('POST', undo.replace('/1.0', '')),
      409,
      'conflict',
      'bard-1.0-py3-none-any.whl was uploaded again meanwhile',
    )
    expect([await house.storedFiles(), await house.storedDocuments()]).to.deep.equal(before)
  })
})
