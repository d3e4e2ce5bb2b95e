import { expect } from 'chai'
import fc from 'fast-check'
import npm from '../../../plugins/npm/index.js'
import { type Answer, type House, openHouse } from '../../support/house.js'
import { integrityOf, packed, publishDocument } from '../../support/npm-package.js'

const runs = Number(process.env['FUZZ_RUNS'] ?? 250)
const pkg = '@acme/bar'
const target = '/acme/js/@acme%2fbar'

type Place = readonly string[]
type Node = { [key: string]: unknown }

/** Values that stand where they should not. */
const strange = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.constantFrom<unknown>(null, true, false, 0, -1, 1.5, 2 ** 53, '', ' ', [], {}, [[]], [null], { a: {} }),
  },
  {
    weight: 3,
    arbitrary: fc.constantFrom<unknown>(
      ...[
        'constructor',
        '../../etc/passwd',
        '@acme/other',
        'foo',
        '1.0.0',
        'v1',
        '*',
        'latest',
        '\u0000',
        '\u202e',
        '💥',
        'a'.repeat(5_000),
      ],
      ...[
        'http://evil.example/x.tgz',
        'sha512-AAAA',
        'sha1-',
        `sha512-${'A'.repeat(86)}==`,
        '====',
        'H4sI',
        'javascript:alert(1)',
      ],
    ),
  },
  { weight: 1, arbitrary: fc.jsonValue({ maxDepth: 4 }) },
)
const key = fc.constantFrom(
  'constructor',
  'toString',
  'x',
  '',
  'latest',
  '1.0.0',
  '9.9.9',
  '@acme/bar-1.0.0.tgz',
  'a/b.tgz',
  '.tgz',
  'data',
  'dist',
  'name',
)

type Change =
  | { readonly kind: 'set'; readonly at: number; readonly value: unknown }
  | { readonly kind: 'drop'; readonly at: number }
  | { readonly kind: 'rename'; readonly at: number; readonly key: string }
  | { readonly kind: 'add'; readonly at: number; readonly key: string; readonly value: unknown }
const change: fc.Arbitrary<Change> = fc.oneof(
  fc.record({ kind: fc.constant('set' as const), at: fc.nat(), value: strange }),
  fc.record({ kind: fc.constant('drop' as const), at: fc.nat() }),
  fc.record({ kind: fc.constant('rename' as const), at: fc.nat(), key }),
  fc.record({ kind: fc.constant('add' as const), at: fc.nat(), key, value: strange }),
)
/** What happens to the text of a body on its way. */
type Damage =
  | { readonly kind: 'none' | 'twice' | 'bom' | 'utf16' }
  | { readonly kind: 'cut' | 'flip' | 'insert'; readonly at: number; readonly byte: number }
const damage: fc.Arbitrary<Damage> = fc.oneof(
  { weight: 6, arbitrary: fc.constant({ kind: 'none' as const }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constantFrom('twice' as const, 'bom' as const, 'utf16' as const) }) },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constantFrom('cut' as const, 'flip' as const, 'insert' as const),
      at: fc.double({ min: 0, max: 1, noNaN: true }),
      byte: fc.oneof(fc.constantFrom(0x22, 0x5c, 0x7b, 0x7d, 0x2c, 0, 0xff, 0x0a), fc.nat(255)),
    }),
  },
)

function placesIn(value: unknown, at: Place = []): Place[] {
  if (typeof value !== 'object' || value === null) return [at]
  return [...(at.length > 0 ? [at] : []), ...Object.entries(value).flatMap(([name, each]) => placesIn(each, [...at, name]))]
}

function changed(body: Node, changes: readonly Change[]): Node {
  const root = structuredClone(body)
  for (const each of changes) {
    const places = placesIn(root)
    const place = places[each.at % Math.max(places.length, 1)]
    if (place === undefined) break
    const last = place.at(-1) ?? ''
    const parent = place.slice(0, -1).reduce<Node>((node, name) => node[name] as Node, root)
    if (each.kind === 'set') parent[last] = structuredClone(each.value)
    else if (each.kind === 'add') parent[each.key] = structuredClone(each.value)
    else {
      const value = parent[last]
      delete parent[last]
      if (each.kind === 'rename') parent[each.key] = value
    }
  }
  return root
}

function damaged(text: string, how: Damage): Uint8Array {
  const bytes = Buffer.from(text)
  switch (how.kind) {
    case 'twice':
      return Buffer.concat([bytes, bytes])
    case 'bom':
      return Buffer.concat([Buffer.from([0xef, 0xbb, 0xbf]), bytes])
    case 'utf16':
      return Buffer.from(text, 'utf16le')
    case 'cut':
      return bytes.subarray(0, Math.floor(bytes.length * how.at))
    case 'flip':
      bytes[Math.min(Math.floor(bytes.length * how.at), bytes.length - 1)] = how.byte
      return bytes
    case 'insert': {
      const at = Math.floor(bytes.length * how.at)
      return Buffer.concat([bytes.subarray(0, at), Buffer.of(how.byte), bytes.subarray(at)])
    }
    default:
      return bytes
  }
}

describe('npm: publish documents that are not as they should be', function () {
  this.timeout(180_000)
  let house: House
  let sent = 0
  let taken = 0
  const kept = new Map<string, Buffer>()
  before(async () => {
    house = await openHouse({ plugins: [npm], repositories: [{ name: 'js', format: 'npm', maxSize: 1024 ** 2 }] })
  })
  after(async () => {
    process.stdout.write(`    ${sent} documents sent, ${taken} published\n`)
    await house.close()
  })

  const stored = async () => ({
    files: await house.storedFiles(),
    documents: await house.storedDocuments(),
    blobs: await house.storedBlobs(),
  })
  const send = async (path: string, body: Uint8Array): Promise<Answer> => {
    sent += 1
    return house.call('PUT', path, { as: 'olga', headers: { 'content-type': 'application/json' }, body })
  }
  const worded = (answer: Answer) => {
    const { error } = answer.json() as { error?: unknown }
    expect(error, answer.text()).to.be.a('string').and.not.equal('')
    expect(String(error).length).to.be.lessThan(2_000)
    expect(String(error)).to.not.match(/\bat [\w.]+ \(|node:internal|undefined/)
  }

  it('are refused with a reason and nothing written, or are a publish whose bytes are those of its digests', async () => {
    let n = 0
    await fc.assert(
      fc.asyncProperty(fc.array(change, { maxLength: 3 }), damage, async (changes, how) => {
        const version = `1.0.${n++}`
        const manifest = { name: pkg, version, description: 'd', dependencies: { a: '^1.0.0' }, bin: { bar: 'index.js' } }
        const content = await packed(manifest)
        const body = damaged(JSON.stringify(changed(publishDocument(manifest, content) as unknown as Node, changes)), how)
        const before = await stored()
        const answer = await send(target, body)
        expect(answer.status, answer.text()).to.be.oneOf([201, 400, 403, 404, 413, 422])
        if (answer.status !== 201) {
          worded(answer)
          expect(await stored()).to.deep.equal(before)
          return
        }
        const packument = (await house.call('GET', target)).json() as {
          versions: Record<string, { dist: { integrity: string; tarball: string } }>
        }
        const now = await stored()
        if (now.files.length === before.files.length) {
          // A body without a tarball says nothing of versions but whether they are deprecated.
          expect(now.files).to.deep.equal(before.files)
          return
        }
        taken += 1
        kept.set(version, content)
        expect(now.files).to.deep.equal([...before.files, `acme/js/${pkg}/-/bar-${version}.tgz`].sort())
        const { dist } = packument.versions[version] ?? { dist: { integrity: '', tarball: '' } }
        expect(dist.integrity).to.equal(integrityOf(content))
        expect(dist.tarball).to.equal(`${house.url}/acme/js/${pkg}/-/bar-${version}.tgz`)
      }),
      { numRuns: runs },
    )
    // Whatever came in between, all that was acknowledged is there, and nothing else.
    const { name, versions } = (await house.call('GET', target)).json() as { name: string; versions: object }
    expect([name, Object.keys(versions).sort()]).to.deep.equal([pkg, [...kept.keys()].sort()])
    for (const [version, content] of kept) {
      const file = await house.call('GET', `/acme/js/${pkg}/-/bar-${version}.tgz`)
      expect(file.body.equals(content), version).to.equal(true)
    }
    expect(taken).to.be.greaterThan(20)
    expect(sent - taken).to.be.greaterThan(100)
  })

  it('change nothing where they are to change what is published, unless they say so', async () => {
    const path = '/acme/js/meta'
    const manifests = ['1.0.0', '1.1.0', '2.0.0'].map((version) => ({ name: 'meta', version }))
    for (const manifest of manifests)
      expect((await send(path, Buffer.from(JSON.stringify(publishDocument(manifest, await packed(manifest)))))).status).to.equal(
        201,
      )
    const packument = async () =>
      (await house.call('GET', path)).json() as Node & { _rev: string; versions: Node; 'dist-tags': Node }
    await fc.assert(
      fc.asyncProperty(
        fc.array(change, { minLength: 1, maxLength: 3 }),
        damage,
        fc.boolean(),
        async (changes, how, atRevision) => {
          const before = await packument()
          const there = await stored()
          const body = damaged(JSON.stringify(changed(before, changes)), how)
          // A developer may change, but not remove: then every version has to be there still.
          sent += 1
          const answer = await house.call('PUT', atRevision ? `${path}/-rev/${before._rev}` : path, { body })
          expect(answer.status, answer.text()).to.be.oneOf([201, 400, 403, 404, 413])
          const after = await packument()
          expect(Object.keys(after.versions)).to.deep.equal(Object.keys(before.versions))
          expect(after['dist-tags']).to.deep.equal(before['dist-tags'])
          if (answer.status !== 201) {
            worded(answer)
            expect(after).to.deep.equal(before)
            expect(await stored()).to.deep.equal(there)
          }
          const bare = (versions: Node) => Object.values(versions).map((each) => ({ ...(each as Node), deprecated: undefined }))
          expect(bare(after.versions)).to.deep.equal(bare(before.versions))
        },
      ),
      { numRuns: runs },
    )
  })
})
