import { expect } from 'chai'
import api from '../../../plugins/api/index.js'
import pypi from '../../../plugins/pypi/index.js'
import { type House, openHouse } from '../../support/house.js'
import { type Management, memberOf, operatorOf, type Thing } from '../../support/management.js'
import { buildSdist } from '../../support/sdist-builder.js'
import { buildWheel } from '../../support/wheel-builder.js'
import { json as simpleJson, upload } from './pypi-house.js'

const wheel = buildWheel({ name: 'bard', version: '1.0' })
const windows = buildWheel({ name: 'bard', version: '1.0', tag: 'cp312-cp312-win_amd64' })
const address = `/acme/py/files/${wheel.sha256}/${wheel.filename}`
const pageAddress = '/acme/py/simple/bard/'
const spent = '400 This filename was previously used by a file that has since been deleted. Use a different version.'

describe('the life of a project', () => {
  let house: House
  let operator: Management
  beforeEach(async () => {
    house = await openHouse({ plugins: [pypi, api], repositories: [{ name: 'py', format: 'pypi' }] })
    operator = operatorOf(house)
    for (const file of [wheel, windows]) expect((await upload(house, file, 'bard', '1.0')).status).to.equal(200)
  })
  afterEach(() => house.close())

  const page = async () => (await house.call('GET', pageAddress, { headers: { accept: simpleJson } })).json() as Thing
  const yanks = async () =>
    Object.fromEntries(((await page())['files'] as readonly Thing[]).map(({ filename, yanked }) => [filename, yanked]))
  const html = async () => (await house.call('GET', pageAddress)).text()
  const etag = async () => (await house.call('GET', pageAddress)).headers['etag']
  const told = ({ status, reason }: { status: number; reason: string }) => `${status} ${reason}`

  it('shows yanked files as such, by release and by file, and no longer when that is taken back', async () => {
    const before = await etag()
    await operator.done('POST', 'packages/py/Bard/1.0.0/yank', { reason: 'broken <b>"on Windows"</b>' })
    expect(await yanks()).to.deep.equal({
      [wheel.filename]: 'broken <b>"on Windows"</b>',
      [windows.filename]: 'broken <b>"on Windows"</b>',
    })
    expect(await html()).to.contain('data-yanked="broken &lt;b&gt;&quot;on Windows&quot;&lt;/b&gt;"')
    const yanked = await etag()
    expect(yanked).not.to.equal(before)
    for (const target of [address, `${address}.metadata`]) expect((await house.call('GET', target)).status).to.equal(200)
    await operator.done('POST', 'packages/py/bard/1.0/yank', { reason: 'broken <b>"on Windows"</b>' })
    expect(await etag(), 'the same again changes nothing').to.equal(yanked)
    await operator.done('DELETE', `packages/py/bard/1.0/yank?file=${wheel.filename}`)
    expect(await yanks()).to.deep.equal({ [wheel.filename]: false, [windows.filename]: 'broken <b>"on Windows"</b>' })
    await operator.done('DELETE', 'packages/py/bard/1.0/yank')
    expect(await yanks()).to.deep.equal({ [wheel.filename]: false, [windows.filename]: false })
    expect(await html()).not.to.contain('data-yanked')
    await operator.done('POST', 'packages/py/bard/1.0/yank', {})
    expect(await yanks()).to.deep.equal({ [wheel.filename]: true, [windows.filename]: true })
    expect(await html()).to.contain('data-yanked=""')
  })

  it('takes a further file into a release that is yanked: a yank is of files, and not of those that come', async () => {
    await operator.done('POST', 'packages/py/bard/1.0/yank', { reason: 'broken' })
    const further = await buildSdist({ name: 'bard', version: '1.0' })
    expect((await upload(house, further, 'bard', '1.0')).status).to.equal(200)
    const all = { [wheel.filename]: 'broken', [windows.filename]: 'broken', [further.filename]: false }
    expect(await yanks()).to.deep.equal(all)
    const [release] = (await operator.done('GET', 'packages/py/bard'))['versions'] as readonly Thing[]
    expect(release).to.include({ version: '1.0', status: 'partly yanked', reason: 'broken' })
  })

  it('keeps the time of an upload through yank, un-yank and a repeated upload', async () => {
    const times = async () => ((await page())['files'] as readonly Thing[]).map((file) => file['upload-time'])
    const before = await times()
    await operator.done('POST', 'packages/py/bard/1.0/yank', {})
    await operator.done('DELETE', 'packages/py/bard/1.0/yank')
    expect((await upload(house, wheel, 'bard', '1.0')).status).to.equal(200)
    expect(await times()).to.deep.equal(before)
  })

  it('makes one line of a reason, and refuses one that is too long', async () => {
    await operator.done('POST', 'packages/py/bard/1.0/yank', { reason: ' two\r\nlines\u0000\t\u2028here ' })
    expect((await yanks())[wheel.filename]).to.equal('two lines here')
    expect((await operator.send('POST', 'packages/py/bard/1.0/yank', { reason: 'x'.repeat(501) })).status).to.equal(400)
  })

  it('takes yanks from whoever may publish, deletes and states from whoever may delete, and knows what is not there', async () => {
    const works: readonly [string, string, object?][] = [
      ['POST', 'packages/py/bard/1.0/yank', {}],
      ['DELETE', 'packages/py/bard/1.0/yank'],
      ['PUT', 'packages/py/bard/status', { status: 'deprecated' }],
      ['DELETE', 'packages/py/bard/1.0'],
      ['DELETE', 'packages/py/bard'],
    ]
    const statuses = async (who: Management) => {
      const all: number[] = []
      for (const [method, path, body] of works) all.push((await who.send(method, path, body)).status)
      return all
    }
    expect(await statuses(memberOf(house, 'rita'))).to.deep.equal([403, 403, 403, 403, 403])
    expect(await statuses(memberOf(house, 'gus'))).to.deep.equal([403, 403, 403, 403, 403])
    expect(await statuses(memberOf(house, 'dora'))).to.deep.equal([204, 204, 403, 403, 403])
    expect(await house.storedFiles()).to.have.length(4)
    for (const [method, path, body] of [
      ['POST', 'packages/py/bard/2.0/yank', {}],
      ['POST', 'packages/py/lute/1.0/yank', {}],
      ['POST', 'packages/py/bard/1.0/yank', { file: 'bard-1.0.tar.gz' }],
      ['PUT', 'packages/py/lute/status', { status: 'active' }],
      ['DELETE', 'packages/py/lute'],
      ['DELETE', 'packages/py/bard/2.0'],
    ] as const)
      expect((await operator.send(method, path, body)).status, path).to.equal(404)
    expect((await operator.send('PUT', 'packages/py/bard/status', { status: 'sleeping' })).status).to.equal(400)
  })

  it('goes on without files: an empty page, and every spelling of the names of its files spent', async () => {
    const before = await etag()
    await operator.done('DELETE', 'packages/py/bard/1.0')
    expect(await etag()).not.to.equal(before)
    expect(await page()).to.deep.equal({
      meta: { 'api-version': '1.4' },
      name: 'bard',
      'project-status': { status: 'active' },
      versions: [],
      files: [],
    })
    expect(await house.storedFiles()).to.deep.equal([])
    for (const target of [address, `${address}.metadata`]) expect((await house.call('GET', target)).status).to.equal(404)
    const content = buildWheel({ name: 'bard', version: '1.0', files: { 'more.py': '' } })
    for (const filename of [
      wheel.filename,
      'Bard-1.0-py3-none-any.whl',
      'bard-1.0.0-py3-none-any.whl',
      'bard-v1-py3-none-any.whl',
    ])
      expect(told(await upload(house, { ...content, filename }, 'bard', '1.0')), filename).to.equal(spent)
    expect(await house.storedFiles()).to.deep.equal([])
    expect((await upload(house, wheel, 'bard', '1.0')).status, 'the same content may come back').to.equal(200)
    expect((await house.call('GET', address)).body.equals(wheel.content)).to.equal(true)
    const sdist = await buildSdist({ name: 'bard', version: '1.0' })
    expect((await upload(house, sdist, 'bard', '1.0')).status, 'a name that never was').to.equal(200)
  })

  it('ends with all of its files, and comes back with them', async () => {
    const before = [await house.storedFiles(), await house.storedDocuments(), await page()]
    await operator.done('DELETE', 'packages/py/bard?reason=a%20mistake')
    expect((await house.call('GET', pageAddress)).status).to.equal(404)
    expect((await house.call('GET', '/acme/py/simple/')).text()).not.to.contain('bard')
    expect(await house.storedFiles()).to.deep.equal([])
    const content = buildWheel({ name: 'bard', version: '1.0', files: { 'more.py': '' } })
    expect(told(await upload(house, content, 'bard', '1.0'))).to.equal(spent)
    const [deletion] = await operator.items('deleted?repository=py')
    expect(deletion).to.include({ package: 'bard', version: null, files: 4, reason: 'a mistake' })
    await operator.done('POST', `deleted/py/${deletion?.['id']}/undo`)
    expect([await house.storedFiles(), await house.storedDocuments(), await page()]).to.deep.equal(before)
    expect(told(await upload(house, content, 'bard', '1.0'))).to.match(/^400 File already exists/)
  })

  for (const status of ['archived', 'quarantined', 'deprecated', 'active']) {
    it(`says that it is ${status}, and why`, async () => {
      const before = await etag()
      await operator.done('PUT', 'packages/py/Bard/status', { status, reason: 'because <of> it' })
      expect(await etag()).not.to.equal(before)
      const open = status === 'deprecated' || status === 'active'
      const next = await upload(house, buildWheel({ name: 'bard', version: '1.1' }), 'bard', '1.1')
      expect(told(next)).to.equal(open ? '200 OK' : `400 Project 'bard' is ${status} and does not accept uploads.`)
      const { files, versions, 'project-status': shown } = (await page()) as { files: []; versions: []; 'project-status': Thing }
      expect(shown).to.deep.equal({ status, reason: 'because <of> it' })
      const offered = status !== 'quarantined'
      expect([files.length, versions.length]).to.deep.equal(offered ? (open ? [3, 2] : [2, 1]) : [0, 0])
      for (const target of [address, `${address}.metadata`])
        expect((await house.call('GET', target)).status).to.equal(offered ? 200 : 403)
      const text = await html()
      expect(text).to.contain(`<meta name="pypi:project-status" content="${status}">`)
      expect(text).to.contain('<meta name="pypi:project-status-reason" content="because &lt;of&gt; it">')
      await operator.done('PUT', 'packages/py/bard/status', { status: 'active' })
      expect((await page())['project-status']).to.deep.equal({ status: 'active' })
      expect(await html()).not.to.contain('project-status')
    })
  }

  it('is described by its highest final version that is not yanked, and named by its newest file', async () => {
    const projects = async () =>
      (await house.call('GET', '/acme/py/simple/', { headers: { accept: simpleJson } })).json() as { projects: unknown }
    for (const [name, version] of [
      ['Bard', '2.0rc1'],
      ['BARD', '0.9'],
    ] as const) {
      expect((await upload(house, await buildSdist({ name, version, root: `bard-${version}` }), name, version)).status).to.equal(
        200,
      )
      expect((await projects()).projects).to.deep.equal([{ name }])
    }
    expect((await page())['versions']).to.deep.equal(['0.9', '1.0', '2.0rc1'])
    const latest = async () => (await operator.done('GET', 'packages/py/bard'))['latest']
    expect(await latest()).to.equal('1.0')
    await operator.done('POST', 'packages/py/bard/1.0/yank', {})
    expect(await latest()).to.equal('0.9')
    await operator.done('DELETE', 'packages/py/bard/1.0/yank')
    expect(await latest()).to.equal('1.0')
  })

  it('is described in the words of that version, also where it was not the last to come', async () => {
    const worded = (version: string, license: string) =>
      buildWheel({ name: 'harp', version, headers: [`Summary: Of ${version}`, `License: ${license}`, `Keywords: k${version}`] })
    const sdist = await buildSdist({ name: 'harp', version: '0.5', headers: ['Summary: Of 0.5', 'License: ISC'] })
    expect((await upload(house, sdist, 'harp', '0.5')).status).to.equal(200)
    for (const [version, license] of [
      ['1.0', 'MIT'],
      ['2.0', 'GPL'],
    ] as const)
      expect((await upload(house, worded(version, license), 'harp', version)).status).to.equal(200)
    const told = async () => {
      const { title, latest, description, license, keywords } = await operator.done('GET', 'packages/py/harp')
      return [title, latest, description, license, keywords]
    }
    const [second, first] = [
      ['harp', '2.0', 'Of 2.0', 'GPL', ['k2.0']],
      ['harp', '1.0', 'Of 1.0', 'MIT', ['k1.0']],
    ]
    expect(await told()).to.deep.equal(second)
    await operator.done('POST', 'packages/py/harp/2.0/yank', {})
    expect(await told()).to.deep.equal(first)
    await operator.done('DELETE', 'packages/py/harp/2.0/yank')
    expect(await told()).to.deep.equal(second)
    await operator.done('DELETE', 'packages/py/harp/2.0')
    expect(await told()).to.deep.equal(first)
    await operator.done('DELETE', 'packages/py/harp/1.0')
    expect(await told()).to.deep.equal(['harp', '0.5', 'Of 0.5', 'ISC', (await told())[4]])
  })

  it('is described by the version that comes next where every other was deleted', async () => {
    await operator.done('DELETE', 'packages/py/bard/1.0')
    const lower = buildWheel({ name: 'bard', version: '0.9', headers: ['Summary: Anew'] })
    expect((await upload(house, lower, 'bard', '0.9')).status).to.equal(200)
    expect(await operator.done('GET', 'packages/py/bard')).to.include({ latest: '0.9', description: 'Anew' })
  })

  it('is described by what comes after all of it was yanked, and by the higher of both once that is taken back', async () => {
    await operator.done('POST', 'packages/py/bard/1.0/yank', {})
    const told = async () => {
      const { latest, description } = await operator.done('GET', 'packages/py/bard')
      return [latest, description]
    }
    expect(await told(), 'better than nothing').to.deep.equal(['1.0', null])
    for (const version of ['0.9', '0.8']) {
      const lower = buildWheel({ name: 'bard', version, headers: [`Summary: Of ${version}`] })
      expect((await upload(house, lower, 'bard', version)).status).to.equal(200)
      expect(await told()).to.deep.equal(['0.9', 'Of 0.9'])
    }
    await operator.done('DELETE', 'packages/py/bard/1.0/yank')
    expect(await told()).to.deep.equal(['1.0', null])
  })
})
