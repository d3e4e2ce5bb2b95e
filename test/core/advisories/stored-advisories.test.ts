import { Readable } from 'node:stream'
import { expect } from 'chai'
import { StoredAdvisories } from '../../../core/advisories/stored-advisories.js'
import { RegistryError } from '../../../core/errors/registry-error.js'
import type { MetadataStore } from '../../../core/storage/metadata-store.js'
import { FixedClock } from '../../support/fixed-clock.js'
import { emptyMetadataStore } from '../../support/metadata-under-test.js'

const record = (id: string, name: string, ecosystem = 'npm') =>
  JSON.stringify({
    id,
    modified: '2026-01-01T00:00:00Z',
    affected: [{ package: { ecosystem, name }, ranges: [{ type: 'SEMVER', events: [{ introduced: '0' }] }] }],
  })
const feed = (...lines: readonly string[]) => Readable.from([Buffer.from(lines.join('\n'))])
const hour = 60 * 60_000

describe('advisories', () => {
  let store: MetadataStore
  let clock: FixedClock
  let advisories: StoredAdvisories
  beforeEach(async () => {
    store = await emptyMetadataStore()
    clock = new FixedClock()
    advisories = new StoredAdvisories(store, clock)
  })
  const ids = async (...names: readonly string[]) =>
    [...(await advisories.find('npm', names))].map(([name, all]) => [name, ...all.map(({ id }) => id)].join(' '))
  const rows = async () => {
    let count = 0
    for await (const { entry } of store.scan()) if (entry.key.partition.includes('advisory')) count += 1
    return count
  }
  const refusal = async (load: Promise<unknown>) => {
    const failure = await load.then(
      () => undefined,
      (thrown: unknown) => thrown,
    )
    return failure instanceof RegistryError ? [failure.kind, failure.message] : failure
  }

  it('are none before a feed is loaded', async () => {
    expect(await ids('foo')).to.deep.equal([])
    expect([await advisories.status(), await advisories.loaded()]).to.deep.equal([undefined, false])
  })

  it('are found by ecosystem and whole name, from the feed that was loaded last', async () => {
    const lines = [
      record('A-1', 'foo'),
      '',
      record('A-2', 'foo'),
      record('A-3', 'foo-bar'),
      record('A-4', 'foo', 'PyPI'),
      record('A-5', 'x', 'Go'),
    ]
    expect(await advisories.load(feed(...lines), 'operator')).to.deep.equal({
      loadedAt: clock.now(),
      by: 'operator',
      advisories: 4,
      passedOver: 1,
    })
    expect(await ids('foo', 'bar', 'foo')).to.deep.equal(['foo A-1 A-2'])
    expect(await ids('foo-bar')).to.deep.equal(['foo-bar A-3'])
    expect([...(await advisories.find('PyPI', ['foo'])).keys()]).to.deep.equal(['foo'])
    await advisories.load(feed(record('B-1', 'bar')), 'operator')
    expect(await ids('foo', 'bar')).to.deep.equal(['bar B-1'])
    await advisories.clear()
    expect(await ids('foo', 'bar')).to.deep.equal([])
  })

  it('of an older feed stay until nobody reads them any more, and go then; so does what a load left that was cut', async () => {
    await advisories.load(feed(record('A-1', 'foo')), 'operator')
    await advisories.load(feed(record('B-1', 'foo')), 'operator')
    expect(await rows()).to.equal(2)
    const broken = new StoredAdvisories(
      new Proxy(store, {
        get(target, name) {
          const value: unknown = Reflect.get(target, name, target)
          if (name === 'range') return () => Promise.reject(new Error('killed'))
          return typeof value === 'function' ? value.bind(target) : value
        },
      }),
      clock,
    )
    await broken.load(feed(record('C-1', 'foo'), 'no JSON'), 'operator').catch(() => {})
    clock.advance(hour)
    await advisories.load(feed(record('D-1', 'foo')), 'operator')
    expect(await ids('foo')).to.deep.equal(['foo D-1'])
    expect(await rows()).to.equal(2)
  })

  it('of a feed with one bad line are not loaded at all, and the line is named', async () => {
    await advisories.load(feed(record('A-1', 'foo')), 'operator')
    const good = Array.from({ length: 250 }, (_, at) => record(`B-${at}`, `p${at}`))
    expect(await refusal(advisories.load(feed(...good, '{'), 'operator'))).to.deep.equal([
      'invalid',
      'Line 251 of the feed is not JSON',
    ])
    expect(await refusal(advisories.load(feed(...good, '{"id":"x"}'), 'operator'))).to.deep.equal([
      'invalid',
      'Line 251 of the feed is no OSV record: modified: Invalid input: expected string, received undefined',
    ])
    expect(await refusal(advisories.load(feed(), 'operator'))).to.deep.equal([
      'invalid',
      'The feed has no advisory about packages that can be served here',
    ])
    const long = await refusal(advisories.load(feed(`"${'x'.repeat(2 * 1024 ** 2)}"`), 'operator'))
    expect(long).to.deep.equal(['too-large', 'Line 1 of the feed is longer than 1048576 bytes'])
    expect(await ids('foo', 'p1')).to.deep.equal(['foo A-1'])
    expect(await rows()).to.equal(1)
  })

  it('of a large feed are written in many commits and appear at once, lines cut anywhere', async () => {
    const text = Array.from({ length: 1_000 }, (_, at) => record(`A-${at}`, `p${at}`)).join('\n')
    const bytes = Buffer.from(text)
    async function* pieces() {
      for (let at = 0; at < bytes.length; at += 777) {
        expect(await advisories.status()).to.equal(undefined)
        yield bytes.subarray(at, at + 777)
      }
    }
    expect(await advisories.load(Readable.from(pieces()), 'operator')).to.deep.include({ advisories: 1_000 })
    expect(await ids('p0', 'p999')).to.deep.equal(['p0 A-0', 'p999 A-999'])
  })
})
