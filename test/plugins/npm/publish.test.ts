import { gzipSync } from 'node:zlib'
import { expect } from 'chai'
import npm from '../../../plugins/npm/index.js'
import { type CallOptions, type House, openHouse } from '../../support/house.js'
import { type NpmPackage, type PublishBody, packed, publishBody } from '../../support/npm-package.js'
import { tarball } from '../../support/tar-builder.js'

const foo = { name: 'foo', version: '1.0.0' }
const bar = { name: '@acme/bar', version: '1.0.0' }
const withReadme = ({ versions }: PublishBody, readme: string) => ({ '1.0.0': { ...versions['1.0.0'], readme } })

describe('npm: publishing', () => {
  let house: House
  beforeEach(async () => {
    house = await openHouse({ plugins: [npm], repositories: [{ name: 'js', format: 'npm' }] })
  })
  afterEach(() => house.close())

  const put = (target: string, body: unknown, options: CallOptions = {}) =>
    house.call('PUT', `/acme/js/${target}`, {
      ...options,
      headers: { 'content-type': 'application/json', ...options.headers },
      body: typeof body === 'string' ? body : JSON.stringify(body),
    })
  const publish = async (manifest: NpmPackage, options = {}, call: CallOptions = {}) =>
    put(manifest.name.replace('/', '%2f'), await publishBody(manifest, options), call)
  const refused = async (answer: Awaited<ReturnType<House['call']>>, status: number, error: string) => {
    expect([answer.status, answer.json()]).to.deep.equal([status, { error }])
    expect(answer.headers['content-type']).to.equal('application/json')
  }
  const nothingWritten = async () => {
    expect(await house.storedFiles()).to.deep.equal([])
    expect(await house.storedDocuments()).to.deep.equal([])
    expect(await house.storedBlobs()).to.equal(0)
  }

  it('takes a package with a scope and one without, each with its file and a document for each thing', async () => {
    const first = await publish(foo)
    expect(first.status).to.equal(201)
    expect(first.json()).to.deep.include({ ok: true, success: true, id: 'foo' })
    expect((first.json() as { rev: string }).rev).to.match(/^1-[0-9a-f]{32}$/)
    expect((await publish(bar)).status).to.equal(201)
    expect(await house.storedFiles()).to.deep.equal(['acme/js/@acme/bar/-/bar-1.0.0.tgz', 'acme/js/foo/-/foo-1.0.0.tgz'])
    expect(await house.storedDocuments()).to.deep.equal([
      'acme/js/npm/@acme/bar: package',
      'acme/js/npm/@acme/bar: readme/1.0.0',
      'acme/js/npm/@acme/bar: tag/latest',
      'acme/js/npm/@acme/bar: version/1.0.0',
      'acme/js/npm/foo: package',
      'acme/js/npm/foo: readme/1.0.0',
      'acme/js/npm/foo: tag/latest',
      'acme/js/npm/foo: version/1.0.0',
    ])
  })

  it('takes the body of yarn 4, attachments first, and that of bun, with more in the manifest', async () => {
    const { _attachments, versions, ...rest } = await publishBody(foo)
    expect((await put('foo', { _attachments, ...rest, readme: 'r', versions, access: 'restricted' })).status).to.equal(201)
    const two = await publishBody({ ...foo, version: '2.0.0' })
    const manifest = { ...two.versions['2.0.0'], integrity: 'i', shasum: 's', _integrity: 'i' }
    expect((await put('foo', { ...two, versions: { '2.0.0': manifest } })).status).to.equal(201)
  })

  it('takes the whole merged document that npm 8 sends again, and only the new version of it', async () => {
    await publish(foo)
    const two = await publishBody({ ...foo, version: '2.0.0' })
    const merged = {
      ...two,
      versions: { '1.0.0': { ...foo, description: 'not heard' }, ...two.versions },
      'dist-tags': { latest: '2.0.0', old: '1.0.0' },
    }
    expect((await put('foo', merged)).status).to.equal(201)
    const packument = (await house.call('GET', '/acme/js/foo')).json() as {
      versions: Record<string, { description?: string }>
      'dist-tags': unknown
    }
    expect(Object.keys(packument.versions)).to.deep.equal(['1.0.0', '2.0.0'])
    expect(packument.versions['1.0.0']?.description).to.equal(undefined)
    expect(packument['dist-tags']).to.deep.equal({ latest: '2.0.0' })
  })

  it('refuses to publish over a version, in words that scripts know, and leaves everything as it was', async () => {
    await publish(foo)
    const before = await house.call('GET', '/acme/js/foo/-/foo-1.0.0.tgz')
    const file = await packed({ ...foo, description: 'another' })
    const again = await publish({ ...foo, description: 'another' }, { file })
    await refused(again, 403, 'You cannot publish over the previously published versions: 1.0.0.')
    const after = await house.call('GET', '/acme/js/foo/-/foo-1.0.0.tgz')
    expect(after.body.equals(before.body)).to.equal(true)
    expect(await house.storedBlobs()).to.equal(1)
  })

  it('answers the automatic repeat of a PUT as it did before, and that of somebody else not', async () => {
    await publish(foo)
    const again = await publish(foo)
    expect([again.status, (again.json() as { ok: boolean }).ok]).to.deep.equal([201, true])
    expect(await house.storedBlobs()).to.equal(1)
    await refused(
      await publish(foo, {}, { as: 'olga' }),
      403,
      'You cannot publish over the previously published versions: 1.0.0.',
    )
  })

  it('gives every package a latest, and moves it only when asked', async () => {
    const tags = async () => (await house.call('GET', '/acme/js/-/package/foo/dist-tags')).json()
    await publish({ ...foo, version: '1.0.0-rc.1' }, { tag: 'beta' })
    expect(await tags()).to.deep.equal({ beta: '1.0.0-rc.1', latest: '1.0.0-rc.1' })
    await publish({ ...foo, version: '1.0.0-rc.2' }, { tag: 'beta' })
    expect(await tags()).to.deep.equal({ beta: '1.0.0-rc.2', latest: '1.0.0-rc.1' })
    await publish({ ...foo, version: '1.0.0' })
    expect(await tags()).to.deep.equal({ beta: '1.0.0-rc.2', latest: '1.0.0' })
  })

  it('loses no version when many are published at once', async () => {
    const versions = Array.from({ length: 12 }, (_, index) => `1.0.${index}`)
    const answers = await Promise.all(
      versions.map((version) => publish({ ...foo, version }, { tag: `t${version.replaceAll('.', '-')}` })),
    )
    expect(answers.map(({ status }) => status)).to.deep.equal(versions.map(() => 201))
    const packument = (await house.call('GET', '/acme/js/foo')).json() as { versions: object; time: object }
    expect(Object.keys(packument.versions).sort()).to.deep.equal([...versions].sort())
    expect(Object.keys(packument.time).sort()).to.deep.equal(['created', 'modified', ...versions].sort())
  })

  it('lets one of two publish the same version', async () => {
    const bodies = await Promise.all(['a', 'b'].map((description) => publishBody({ ...foo, description })))
    const statuses = (await Promise.all(bodies.map((body) => put('foo', body)))).map(({ status }) => status)
    expect(statuses.sort()).to.deep.equal([201, 403])
    expect(await house.storedFiles()).to.deep.equal(['acme/js/foo/-/foo-1.0.0.tgz'])
  })

  it('keeps a manifest that is larger than a row, deprecates it and removes it whole', async () => {
    const dependencies = Object.fromEntries(
      Array.from({ length: 12_000 }, (_, index) => [`dependency-${index}-ü`, `^${index}.0.0`]),
    )
    const large = { ...foo, dependencies }
    expect((await publish(large)).status).to.equal(201)
    expect((await publish({ ...foo, version: '1.0.1' })).status).to.equal(201)
    const manifest = (await house.call('GET', '/acme/js/foo/1.0.0')).json() as { dependencies: object }
    expect(manifest.dependencies).to.deep.equal(dependencies)
    type Packument = { _rev: string; versions: Record<string, { dependencies: object; deprecated?: string }> }
    const packument = async () => (await house.call('GET', '/acme/js/foo')).json() as Packument
    expect((await packument()).versions['1.0.0']?.dependencies).to.deep.equal(dependencies)
    const versions = { '1.0.0': { deprecated: 'too large' }, '1.0.1': {} }
    expect((await put('foo', { name: 'foo', versions })).status).to.equal(201)
    const { _rev, versions: after } = await packument()
    expect(after['1.0.0']).to.deep.include({ dependencies, deprecated: 'too large' })
    const remaining = { name: 'foo', versions: { '1.0.1': after['1.0.1'] } }
    expect((await put(`foo/-rev/${_rev}`, remaining, { as: 'olga' })).status).to.equal(201)
    expect(await house.storedDocuments()).to.deep.equal([
      'acme/js/npm/foo: gone/1.0.0',
      'acme/js/npm/foo: package',
      'acme/js/npm/foo: readme/1.0.1',
      'acme/js/npm/foo: tag/latest',
      'acme/js/npm/foo: version/1.0.1',
    ])
  })

  it('refuses a manifest, a deprecation or a number of tags beyond all use', async () => {
    const dependencies = Object.fromEntries(
      Array.from({ length: 25_000 }, (_, index) => [`dependency-${index}`, `^${index}.0.0`]),
    )
    await refused(await publish({ ...foo, dependencies }), 413, 'the manifest is larger than 524288 bytes')
    const tags = Object.fromEntries(Array.from({ length: 21 }, (_, index) => [`tag-${index}`, '1.0.0']))
    await refused(
      await put('foo', { ...(await publishBody(foo)), 'dist-tags': tags }),
      400,
      'a publish sets at most 20 dist-tags',
    )
    const versions = { '1.0.0': { deprecated: 'x'.repeat(4_097) } }
    await refused(await put('foo', { name: 'foo', versions }), 400, 'a deprecation has at most 4096 characters')
    await nothingWritten()
  })

  it('keeps the beginning of a readme that is longer than anybody reads', async () => {
    await put('foo', { ...(await publishBody({ ...foo })), versions: withReadme(await publishBody(foo), 'é'.repeat(100_000)) })
    const { readme } = (await house.call('GET', '/acme/js/foo')).json() as { readme: string }
    expect(readme).to.equal('é'.repeat(32 * 1024))
    const odd = '\u0001'.repeat(65_536)
    await put('odd', {
      ...(await publishBody({ name: 'odd', version: '1.0.0' })),
      versions: withReadme(await publishBody({ name: 'odd', version: '1.0.0' }), odd),
    })
    expect(((await house.call('GET', '/acme/js/odd')).json() as { readme: string }).readme).to.equal('\u0001'.repeat(16_384))
  })

  it('reads the name of an author who is half a megabyte long as fast as another', async () => {
    const authors = [
      'Anna Example <anna@example.com> (https://example.com)',
      `A${' '.repeat(500_000)}B`,
      `${'<'.repeat(500_000)}`,
    ]
    const shown: unknown[] = []
    for (const [index, author] of authors.entries()) {
      expect((await publish({ name: `by-${index}`, version: '1.0.0', author })).status).to.equal(201)
      const found = (await house.call('GET', `/acme/js/-/v1/search?text=by-${index}`)).json() as {
        objects: { package: { author: { name: string } } }[]
      }
      shown.push(found.objects[0]?.package.author.name)
    }
    expect(shown).to.deep.equal(['Anna Example', `A${' '.repeat(199)}`, ''])
  })

  it('takes packages named like members of every object', async () => {
    for (const name of ['constructor', 'tostring', 'hasownproperty']) {
      expect((await publish({ name, version: '1.0.0' }, { tag: 'latest' })).status, name).to.equal(201)
      expect(((await house.call('GET', `/acme/js/${name}`)).json() as { name: string }).name).to.equal(name)
    }
  })

  describe('refuses, with nothing written,', () => {
    afterEach(nothingWritten)

    it('strangers, members without the right, and members of another organization', async () => {
      expect((await publish(foo, {}, { as: 'nobody' })).status).to.equal(401)
      expect((await publish(foo, {}, { as: 'bert' })).status).to.equal(401)
      await refused(await publish(foo, {}, { as: 'rita' }), 403, 'You do not have permission to publish "foo".')
      await refused(await publish(bar, {}, { as: 'rita' }), 403, 'You do not have permission to publish "@acme/bar".')
    })

    it('bodies that are no JSON, cut short, or carry bad base64', async () => {
      const whole = JSON.stringify(await publishBody(foo))
      expect((await put('foo', 'nonsense')).status).to.equal(400)
      expect((await put('foo', whole.slice(0, -20))).status).to.equal(400)
      expect((await put('foo', whole.replace('"data":"H4s', '"data":"!!!'))).status).to.equal(400)
      expect((await put('foo', '[]')).status).to.equal(400)
    })

    it('names that are not the address', async () => {
      await refused(await put('foo', await publishBody(bar)), 400, `the body's name is not the package of the address: "foo"`)
      await refused(
        await put('Foo', await publishBody({ name: 'Foo', version: '1.0.0' })),
        400,
        'invalid package name "Foo": new packages are named in lower case',
      )
      await refused(
        await put('node_modules', await publishBody({ name: 'node_modules', version: '1.0.0' })),
        400,
        'the package name "node_modules" is reserved',
      )
      expect((await put('__proto__', await publishBody({ name: '__proto__', version: '1.0.0' }))).status).to.equal(400)
    })

    it('versions that are no SemVer', async () => {
      const body = await publishBody({ name: 'foo', version: '1.0.0+build' })
      await refused(await put('foo', body), 400, `invalid version "1.0.0+build": build metadata ('+…') cannot be published`)
    })

    it('two tarballs, a wrong length, a wrong digest', async () => {
      const body = await publishBody(foo)
      const attachment = body._attachments['foo-1.0.0.tgz']
      await refused(
        await put('foo', { ...body, _attachments: { ...body._attachments, 'foo-2.0.0.tgz': attachment } }),
        400,
        'a publish carries exactly one tarball',
      )
      const size = Buffer.from(String(attachment?.['data']), 'base64').length
      await refused(
        await put('foo', { ...body, _attachments: { 'foo-1.0.0.tgz': { ...attachment, length: 1 } } }),
        400,
        `the attachment has ${size} bytes, its length says 1`,
      )
      await refused(
        await put('foo', { ...body, versions: { '1.0.0': { ...foo, dist: { shasum: '0'.repeat(40) } } } }),
        422,
        `the tarball's sha1 is not the one of the manifest`,
      )
    })

    it('tarballs that are none, or hold another package, or another manifest', async () => {
      await refused(await publish(foo, { file: Buffer.from('no gzip') }), 422, 'the tarball is not taken: Unexpected end of file')
      await refused(
        await publish(foo, { file: await packed(bar) }),
        400,
        'the package.json in the tarball is of "@acme/bar", not of "foo"',
      )
      await refused(
        await publish(foo, { file: await packed({ ...foo, version: '2.0.0' }) }),
        400,
        'the package.json in the tarball is version "2.0.0", not "1.0.0"',
      )
      await refused(
        await publish(foo, { file: await packed({ ...foo, dependencies: { evil: '1.0.0' }, scripts: { postinstall: 'evil' } }) }),
        422,
        'the manifest and the package.json in the tarball differ in dependencies, scripts.postinstall',
      )
      await refused(
        await publish(foo, { file: await tarball([{ name: 'package/a', content: 'a' }]) }),
        422,
        'the tarball has no package.json at its root',
      )
      await refused(
        await publish(foo, { file: gzipSync(Buffer.alloc(40 * 1024 ** 2)) }),
        422,
        'the tarball is not taken: Compression ratio exceeds 200',
      )
    })

    it('packages that are marked as private', async () => {
      const secret = { ...foo, private: true }
      await refused(await publish(secret), 403, '"foo" is marked as private: it cannot be published.')
    })

    it('stars, owners and deprecations of what is not there', async () => {
      await refused(await put('foo', { _id: 'foo', users: { dora: true } }), 404, 'Not found')
      await refused(await put('foo', { _id: 'foo', versions: { '1.0.0': {} } }), 404, 'Not found')
      await refused(await put('foo/-rev/1-abc', { _id: 'foo', maintainers: [{ name: 'dora' }] }), 404, 'Not found')
    })
  })

  it('takes what disagrees with its tarball into a permissive repository, and keeps in what; name and version never', async () => {
    const lax = await openHouse({ plugins: [npm], repositories: [{ name: 'js', format: 'npm', layoutPolicy: 'permissive' }] })
    try {
      const file = await packed({ ...foo, dependencies: { evil: '1.0.0' }, scripts: { postinstall: 'evil' } })
      const send = async (content: Buffer) => {
        const answer = await lax.call('PUT', '/acme/js/foo', { body: JSON.stringify(await publishBody(foo, { file: content })) })
        return answer.status
      }
      expect(await send(await packed(bar))).to.equal(400)
      expect(await send(await packed({ ...foo, version: '2.0.0' }))).to.equal(400)
      expect(await lax.storedFiles()).to.deep.equal([])
      expect(await send(file)).to.equal(201)
      const kept: unknown[] = []
      for await (const { entry } of lax.parts.metadata.scan())
        if (entry.key.path.join('/') === 'doc/version/1.0.0')
          kept.push((entry.value as { d: { disagrees: unknown } }).d.disagrees)
      expect(kept).to.deep.equal([['dependencies', 'scripts.postinstall']])
      const served = (await lax.call('GET', '/acme/js/foo/1.0.0')).json() as object
      expect(served).to.not.have.any.keys('dependencies', 'disagrees')
    } finally {
      await lax.close()
    }
  })

  it('refuses a tarball above the limit of its repository', async () => {
    const small = await openHouse({ plugins: [npm], repositories: [{ name: 'js', format: 'npm', maxSize: 100 }] })
    try {
      const answer = await small.call('PUT', '/acme/js/foo', { body: JSON.stringify(await publishBody(foo)) })
      expect([answer.status, answer.json()]).to.deep.equal([413, { error: 'The attachment is larger than 100 bytes' }])
      expect(await small.storedBlobs()).to.equal(0)
    } finally {
      await small.close()
    }
  })
})
