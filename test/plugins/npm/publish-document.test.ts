import { createHash } from 'node:crypto'
import { expect } from 'chai'
import { RegistryError, type StagedBlob } from '#core'
import { oneTarball, readPackageDocument } from '../../../plugins/npm/publish-document.js'
import { inMemoryBytes } from '../../support/in-memory-bytes.js'
import { type PublishBody, packed, publishBody } from '../../support/npm-package.js'

const bar = { name: '@acme/bar', version: '1.0.0' }
const hex = (algorithm: string, content: Uint8Array) => createHash(algorithm).update(content).digest('hex')
const staged = (content: Uint8Array): StagedBlob => ({
  ...inMemoryBytes(content),
  digests: { sha1: hex('sha1', content), sha256: hex('sha256', content), sha512: hex('sha512', content) },
})
const read = async (change: (body: PublishBody) => object = (body) => body, pkg = '@acme/bar') => {
  const file = await packed(bar)
  const body = await publishBody(bar, { file })
  return readPackageDocument(pkg, change(body), [{ path: ['_attachments', '@acme/bar-1.0.0.tgz', 'data'], blob: staged(file) }])
}
const refused = async (kind: string, words: string, change: (body: PublishBody) => object, pkg?: string) => {
  let failure: unknown
  try {
    await read(change, pkg)
  } catch (thrown) {
    failure = thrown
  }
  expect(failure).to.be.instanceOf(RegistryError)
  expect([(failure as RegistryError).kind, (failure as RegistryError).message]).to.deep.equal([kind, words])
}
const withVersion = (body: PublishBody, change: object) => ({
  ...body,
  versions: { '1.0.0': { ...body.versions['1.0.0'], ...change } },
})
const withAttachment = (body: PublishBody, change: object) => ({
  ...body,
  _attachments: { '@acme/bar-1.0.0.tgz': { ...body._attachments['@acme/bar-1.0.0.tgz'], ...change } },
})

describe('npm: what a PUT of a package means', () => {
  it('is a publish where a tarball comes with it', async () => {
    const meaning = await read()
    expect(meaning.kind).to.equal('publish')
    if (meaning.kind !== 'publish') return
    expect(meaning.manifest.name).to.equal('@acme/bar')
    expect(meaning.tags).to.deep.equal(['latest'])
    expect(meaning.readme).to.equal('# @acme/bar')
    expect(meaning.readmeFilename).to.equal('README.md')
  })

  it('takes the tags that name the new version, and leaves those of older ones alone', async () => {
    const meaning = await read((body) => ({ ...body, 'dist-tags': { next: '1.0.0', beta: '1.0.0', latest: '0.9.0' } }))
    expect(meaning.kind === 'publish' && meaning.tags).to.deep.equal(['next', 'beta'])
  })

  it('is a rewrite without a tarball: deprecations by version, maintainers, or a star', async () => {
    const rewrite = readPackageDocument(
      'foo',
      { _id: 'foo', name: 'foo', versions: { '1.0.0': { deprecated: 'old' }, '2.0.0': {} }, 'dist-tags': { latest: '2.0.0' } },
      [],
    )
    expect(rewrite).to.deep.equal({
      kind: 'rewrite',
      versions: new Map([
        ['1.0.0', 'old'],
        ['2.0.0', ''],
      ]),
      tags: new Map([['latest', '2.0.0']]),
      maintainers: undefined,
      stars: undefined,
    })
    const owners = readPackageDocument('foo', { maintainers: [{ name: 'alice', email: 'a@acme.example' }, { name: 'bob' }] }, [])
    expect(owners.kind === 'rewrite' && owners.maintainers).to.deep.equal([
      { name: 'alice', email: 'a@acme.example' },
      { name: 'bob' },
    ])
    const star = readPackageDocument('foo', { _id: 'foo', users: { alice: true } }, [])
    expect(star.kind === 'rewrite' && star.stars).to.deep.equal(new Set(['alice']))
  })

  it('refuses a body that contradicts its address or itself', async () => {
    await refused('invalid', `the body's name is not the package of the address: "@acme/foo"`, (body) => body, '@acme/foo')
    await refused('invalid', `the body's _id is not the package of the address: "@acme/bar"`, (body) => ({ ...body, _id: 'x' }))
    await refused('invalid', `the manifest's name is not the package of the address: "@acme/bar"`, (body) =>
      withVersion(body, { name: 'x' }),
    )
    await refused('invalid', `the manifest's version is not the version of the body: "1.0.0"`, (body) =>
      withVersion(body, { version: '1.0.1' }),
    )
    await refused('invalid', 'the attachment "@acme/bar-1.0.0.tgz" belongs to no version of the body', (body) => ({
      ...body,
      versions: {},
    }))
    await refused('invalid', 'the body is not a JSON object', () => [])
  })

  it('refuses attachments that are not the one tarball', async () => {
    const one = 'a publish carries exactly one tarball'
    const more = (body: PublishBody, name: string) => ({ ...body, _attachments: { ...body._attachments, [name]: { data: '' } } })
    await refused('invalid', one, (body) => more(body, '@acme/bar-2.0.0.tgz'))
    await refused('invalid', one, (body) => more(body, 'notes.txt'))
    const stranger = 'the attachment "bar-1.0.0.sigstore" is neither the tarball nor its provenance'
    await refused('invalid', stranger, (body) => more(body, 'bar-1.0.0.sigstore'))
    await refused('invalid', 'the attachment "../../bar-1.0.0.tgz" belongs to no version of the body', (body) => ({
      ...body,
      _attachments: { '../../bar-1.0.0.tgz': Object.values(body._attachments)[0] },
    }))
  })

  it('refuses a tarball that is not what the body promises', async () => {
    await refused('invalid', `the attachment has ${(await packed(bar)).length} bytes, its length says 7`, (body) =>
      withAttachment(body, { length: 7 }),
    )
    const dist = (body: PublishBody, change: object) =>
      withVersion(body, { dist: { ...(body.versions['1.0.0']?.['dist'] as object), ...change } })
    await refused('unprocessable', `the tarball's sha1 is not the one of the manifest`, (body) =>
      dist(body, { shasum: '0'.repeat(40) }),
    )
    const other = `sha512-${createHash('sha512').update('other').digest('base64')}`
    await refused('unprocessable', `the tarball's sha512 is not the one of the manifest`, (body) =>
      dist(body, { integrity: other }),
    )
  })

  it('refuses names, versions and tags that cannot be', async () => {
    const foo = { name: 'Foo', version: '1.0.0' }
    const body = await publishBody(foo)
    expect(() => readPackageDocument('Foo', body, [])).to.throw('new packages are named in lower case')
    await refused('invalid', 'the dist-tag "1.x" would be read as a version range', (each) => ({
      ...each,
      'dist-tags': { '1.x': '1.0.0' },
    }))
  })

  it('picks the data of one .tgz attachment out of the stream', () => {
    const pick = oneTarball()
    expect(pick(['_attachments', 'a-1.0.0.tgz', 'data'])).to.equal(true)
    expect(pick(['_attachments', 'a-1.0.0.tgz', 'data'])).to.equal(true)
    expect(pick(['_attachments', 'a-1.0.0.sigstore', 'data'])).to.equal(false)
    expect(pick(['_attachments', 'a-1.0.0.tgz', 'content_type'])).to.equal(false)
    expect(pick(['versions', 'a-1.0.0.tgz', 'data'])).to.equal(false)
    expect(() => pick(['_attachments', 'b-1.0.0.tgz', 'data'])).to.throw('exactly one tarball')
  })
})
