import { expect } from 'chai'
import api from '../../../plugins/api/index.js'
import pypi from '../../../plugins/pypi/index.js'
import { attestationOf } from '../../support/attestation-builder.js'
import { FixedClock } from '../../support/fixed-clock.js'
import { type House, openHouse } from '../../support/house.js'
import { expectRefusal, type Management, operatorOf, type Thing } from '../../support/management.js'
import { buildWheel } from '../../support/wheel-builder.js'
import { json, upload } from './pypi-house.js'

const wheel = buildWheel({ name: 'bard', version: '1.0' })
const attestations = JSON.stringify([attestationOf(wheel)])

describe('a release of a Python project that is promoted', () => {
  let house: House
  let clock: FixedClock
  let operator: Management
  beforeEach(async () => {
    clock = new FixedClock()
    const repositories = ['py', 'stable'].map((name) => ({ name, format: 'pypi' }))
    house = await openHouse({ plugins: [pypi, api], repositories, clock })
    operator = operatorOf(house)
    expect((await upload(house, wheel, 'bard', '1.0', { attestations })).status).to.equal(200)
  })
  afterEach(() => house.close())

  const promote = (more: object = {}) => operator.send('POST', 'packages/py/bard/1.0/promote', { to: 'stable', ...more })
  const files = async (repository: string) => {
    const page = await house.call('GET', `/acme/${repository}/simple/bard/`, { headers: { accept: json } })
    return page.status === 200 ? ((page.json() as Thing)['files'] as readonly Thing[]) : []
  }

  it('arrives there at that moment, with its metadata, its provenance and its yank', async () => {
    await operator.done('POST', 'packages/py/bard/1.0/yank', { reason: 'slow' })
    const [here] = await files('py')
    clock.advance(86_400_000)
    expect((await promote()).status).to.equal(200)
    const [there] = await files('stable')
    expect(there).to.deep.equal({
      ...here,
      'upload-time': clock.now().toISOString(),
      provenance: String(here?.['provenance']).replace('/py/', '/stable/'),
    })
    expect(await files('py')).to.deep.equal([here])
    const told = await house.call('GET', new URL(String(there?.['provenance'])).pathname)
    expect(told.status).to.equal(200)
    const metadata = await house.call('GET', `/acme/stable/files/${wheel.sha256}/${wheel.filename}.metadata`)
    expect(metadata.body.toString()).to.equal(wheel.metadata)
    clock.advance(86_400_000)
    expect((await promote()).json(), 'again is no change').to.include({ files: 0 })
    expect(await files('stable')).to.deep.equal([there])
  })

  it('is refused where the project takes no uploads, and where another file has or had its place', async () => {
    const other = buildWheel({ name: 'bard', version: '1.0', files: { 'more.py': '' } })
    const into = { path: '/acme/stable/' }
    expect((await upload(house, other, 'bard', '1.0', {}, into)).status).to.equal(200)
    const before = await house.storedFiles()
    expect((await promote()).status).to.equal(409)
    await operator.done('DELETE', 'packages/stable/bard/1.0')
    const [name] = [wheel.filename]
    expectRefusal(
      await promote(),
      409,
      'conflict',
      `${name}: this filename was previously used by a file that has since been deleted`,
    )
    await operator.done('PUT', 'packages/stable/bard/status', { status: 'archived' })
    expectRefusal(await promote(), 409, 'conflict', "Project 'bard' is archived in stable and does not accept uploads.")
    expect(await house.storedFiles()).to.deep.equal(before.filter((path) => path.startsWith('acme/py/')))
  })

  it('is not brought out of a quarantine', async () => {
    const status = (status: string) => operator.done('PUT', 'packages/py/bard/status', { status })
    await status('quarantined')
    expectRefusal(await promote(), 409, 'conflict', "Project 'bard' is quarantined in py: nothing of it is offered.")
    expect(await files('stable')).to.deep.equal([])
    await status('archived')
    expect((await promote()).status).to.equal(200)
    expect(await files('stable')).to.have.length(1)
  })

  it('is described there in its own words, not in those of a later release that stays behind', async () => {
    for (const version of ['2.0', '3.0']) {
      const later = buildWheel({ name: 'bard', version, headers: [`Summary: Of ${version}`, 'License: GPL'] })
      expect((await upload(house, later, 'bard', version)).status).to.equal(200)
    }
    const there = async () => {
      const { latest, description, license } = await operator.done('GET', 'packages/stable/bard')
      return [latest, description, license]
    }
    expect((await operator.send('POST', 'packages/py/bard/2.0/promote', { to: 'stable' })).status).to.equal(200)
    expect(await there()).to.deep.equal(['2.0', 'Of 2.0', 'GPL'])
    expect((await promote()).status).to.equal(200)
    expect(await there(), 'an older one changes nothing').to.deep.equal(['2.0', 'Of 2.0', 'GPL'])
  })

  it('comes back onto the list where the last release was deleted before', async () => {
    expect((await promote()).status).to.equal(200)
    await operator.done('DELETE', 'packages/stable/bard/1.0')
    expect(await operator.items('packages/stable')).to.deep.equal([])
    expect(await operator.done('GET', 'packages/stable/bard')).to.include({ latest: null, versionCount: 0 })
    expect((await promote()).status).to.equal(200)
    expect(await operator.done('GET', 'packages/stable/bard')).to.include({ latest: '1.0' })
    expect((await house.call('GET', '/acme/stable/simple/')).text()).to.contain('<a href="bard/">bard</a>')
  })
})
