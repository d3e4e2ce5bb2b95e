import { expect } from 'chai'
import { empty, json, type ProtocolPlugin, type RepositoryContext, type Route, repositoryRoute } from '#core'
import { parseFilename } from '../../../plugins/pypi/distribution-file.js'
import pypi from '../../../plugins/pypi/index.js'
import { fileKey, placeKey, projectKey, storedPath } from '../../../plugins/pypi/project-documents.js'
import { type House, openHouse } from '../../support/house.js'
import { buildSdist } from '../../support/sdist-builder.js'
import { buildWheel } from '../../support/wheel-builder.js'
import { json as simpleJson, upload } from './pypi-house.js'

/** What the management of a project does to its documents, as routes of the test. */
const remove = repositoryRoute({
  method: 'DELETE',
  path: '/test/{filename}',
  permission: 'artifacts.delete',
  async handle({ params }, context) {
    const file = parseFilename(params.filename)
    if (!file) return empty(404)
    await context
      .change()
      .deleteArtifact(storedPath(file))
      .deleteDocument(fileKey(file.project, file.filename))
      .deleteDocument(placeKey(file))
      .commit()
    return empty(204)
  },
})
const amend = repositoryRoute({
  method: 'PATCH',
  path: '/test/{project}/{filename}',
  permission: 'artifacts.write',
  async handle(request, context) {
    const { project, filename } = request.params
    const key = filename === 'project' ? projectKey(project) : fileKey(project, filename)
    const { value, revision } = await context.documents.get(key)
    const changed = { ...(value as object), ...((await request.json()) as object) }
    await context.change().putDocument(key, changed, { revision }).commit()
    return json(200, changed)
  },
})
const [mount] = pypi.mounts
const routes = [...((mount?.routes ?? []) as readonly Route<RepositoryContext>[]), remove, amend]
const managed: ProtocolPlugin = {
  ...pypi,
  mounts: [
    {
      ...(mount?.renderError && mount.paths ? { renderError: mount.renderError, paths: mount.paths } : {}),
      scope: 'repository',
      routes,
    },
  ],
}

const wheel = buildWheel({ name: 'bard', version: '1.0' })
const address = `/acme/py/files/${wheel.sha256}/${wheel.filename}`
const pageAddress = '/acme/py/simple/bard/'

describe('the life of a project', () => {
  let house: House
  beforeEach(async () => {
    house = await openHouse({ plugins: [managed], repositories: [{ name: 'py', format: 'pypi' }] })
    expect((await upload(house, wheel, 'bard', '1.0')).status).to.equal(200)
  })
  afterEach(() => house.close())

  const page = async () =>
    (await house.call('GET', pageAddress, { headers: { accept: simpleJson } })).json() as Record<string, unknown>
  const change = async (what: string, body: object) =>
    expect(
      (
        await house.call('PATCH', `/acme/py/test/bard/${what}`, {
          body: JSON.stringify(body),
          headers: { 'content-type': 'application/json' },
        })
      ).status,
    ).to.equal(200)

  it('goes on without files: an empty page, and the name of the file spent', async () => {
    expect((await house.call('DELETE', `/acme/py/test/${wheel.filename}`, { as: 'olga' })).status).to.equal(204)
    expect(await page()).to.deep.equal({
      meta: { 'api-version': '1.4' },
      name: 'bard',
      'project-status': { status: 'active' },
      versions: [],
      files: [],
    })
    for (const target of [address, `${address}.metadata`]) expect((await house.call('GET', target)).status).to.equal(404)
    const other = buildWheel({ name: 'bard', version: '1.0', files: { 'more.py': '' } })
    const refused = await upload(house, other, 'bard', '1.0')
    expect(`${refused.status} ${refused.reason}`).to.equal(
      '400 This filename was previously used by a file that has since been deleted. Use a different version.',
    )
    expect((await upload(house, wheel, 'bard', '1.0')).status, 'the same content may come back').to.equal(200)
    expect((await house.call('GET', address)).body.equals(wheel.content)).to.equal(true)
  })

  it('shows a yanked file as such, and the page is another', async () => {
    const before = (await house.call('GET', pageAddress)).headers['etag']
    await change(wheel.filename, { yanked: 'broken' })
    const after = await house.call('GET', pageAddress)
    expect(after.headers['etag']).not.to.equal(before)
    expect(after.text()).to.contain('data-yanked="broken"')
    expect((await house.call('GET', address)).status).to.equal(200)
  })

  for (const status of ['archived', 'quarantined']) {
    it(`takes no uploads while it is ${status}`, async () => {
      await change('project', { status: { status, reason: 'because' } })
      const refused = await upload(house, buildWheel({ name: 'bard', version: '1.1' }), 'bard', '1.1')
      expect(`${refused.status} ${refused.reason}`).to.equal(`400 Project 'bard' is ${status} and does not accept uploads.`)
      const { files, 'project-status': shown } = (await page()) as { files: readonly unknown[]; 'project-status': unknown }
      expect(shown).to.deep.equal({ status, reason: 'because' })
      expect(files).to.have.length(status === 'archived' ? 1 : 0)
      expect((await house.call('GET', address)).status).to.equal(status === 'archived' ? 200 : 403)
    })
  }

  it('is described by its highest final version and named by its newest file', async () => {
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
  })
})
