import { expect } from 'chai'
import type { JsonObject } from '#core'
import { StoredDocumentReader } from '../../core/storage/stored-document-reader.js'
import { FixedClock } from '../support/fixed-clock.js'
import type { House } from '../support/house.js'
import { operatorOf } from '../support/management.js'
import { buildSdist } from '../support/sdist-builder.js'
import { openShelves, shelves } from '../support/shelves.js'
import { multipart, uploadParts } from '../support/upload-form.js'

/** What the list of names says, and what the plugins say by documents alone: each `{repository} {package}` with its facts. */
async function bothLists(house: House): Promise<{ listed: Record<string, JsonObject>; described: Record<string, JsonObject> }> {
  const listed: Record<string, JsonObject> = {}
  const described: Record<string, JsonObject> = {}
  for await (const { entry } of house.parts.metadata.scan()) {
    const [org = '', kind, repo = '', plugin = '', pkg = ''] = entry.key.partition.split('\0')
    if (kind === 'n') listed[`${repo} ${entry.key.path[0]}`] = (entry.value as { readonly facts: JsonObject }).facts
    if (kind !== 'p' || entry.key.path[0] !== 'head') continue
    const one = house.kernel.plugins().find(({ name }) => name === plugin)
    const place = { organizationId: org, repositoryId: repo, plugin, ...(one?.documents ? { versions: one.documents } : {}) }
    const facts = await one?.describe?.(pkg, new StoredDocumentReader(house.parts.metadata, place))
    if (facts) described[`${repo} ${pkg}`] = facts
  }
  return { listed, described }
}

describe('what documents say of a package', () => {
  let house: House
  let clock: FixedClock
  beforeEach(async () => {
    clock = new FixedClock()
    house = await openShelves(clock)
  })
  afterEach(() => house.close())

  const expectAgreement = async (packages: number) => {
    const { listed, described } = await bothLists(house)
    expect(described).to.deep.equal(listed)
    expect(JSON.stringify(Object.entries(described).sort())).to.equal(JSON.stringify(Object.entries(listed).sort()))
    expect(Object.keys(listed)).to.have.length(packages)
  }

  for (const shelf of shelves.filter(({ format }) => format !== 'raw')) {
    const at = (version: string) => `packages/${shelf.format}/${shelf.name}/${shelf.version(version)}`

    it(`of ${shelf.format} is what search shows: published, promoted, removed and brought back`, async () => {
      for (const version of ['1.0.0', '3.0.0', '2.0.0']) {
        await shelf.publish(house, shelf.format, version)
        clock.advance(60_000)
        await expectAgreement(1)
      }
      for (const version of ['2.0.0', '3.0.0']) {
        await operatorOf(house).done('POST', `${at(version)}/promote`, { to: `${shelf.format}-2` })
        clock.advance(60_000)
        await expectAgreement(2)
      }
      for (const [version, packages] of [
        ['3.0.0', 2],
        ['1.0.0', 2],
        ['2.0.0', 1],
      ] as const) {
        await operatorOf(house).done('DELETE', at(version))
        clock.advance(60_000)
        await expectAgreement(packages)
      }
      for (const { id } of [...(await operatorOf(house).items(`deleted?repository=${shelf.format}`))].reverse())
        await operatorOf(house).done('POST', `deleted/${shelf.format}/${id}/undo`)
      await expectAgreement(2)
    })
  }

  it('of pypi comes back to the list with the first file after all were removed', async () => {
    const pypi = shelves.find(({ format }) => format === 'pypi')
    await pypi?.publish(house, 'pypi', '1.0.0')
    await operatorOf(house).done('DELETE', 'packages/pypi/demo-lib/1.0.0')
    await expectAgreement(0)
    const sdist = await buildSdist({ name: 'demo-lib', version: '1.0.0' })
    const { headers, body } = multipart(uploadParts(sdist, 'demo-lib', '1.0.0', {}))
    expect((await house.call('POST', '/acme/pypi/', { headers, body })).status).to.equal(200)
    await expectAgreement(1)
  })
})
