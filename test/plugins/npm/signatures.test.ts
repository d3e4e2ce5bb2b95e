import { createPublicKey, verify } from 'node:crypto'
import { expect } from 'chai'
import type { Json } from '#core'
import api from '../../../plugins/api/index.js'
import npm from '../../../plugins/npm/index.js'
import { FixedClock } from '../../support/fixed-clock.js'
import { type House, openHouse } from '../../support/house.js'
import { expectForbidden, expectRefusal, type Management, memberOf, operatorOf } from '../../support/management.js'
import { publishBody } from '../../support/npm-package.js'

interface Key {
  readonly keyid: string
  readonly key: string
  readonly expires: string | null
}
interface Dist {
  readonly integrity: string
  readonly signatures: readonly { readonly keyid: string; readonly sig: string }[]
}
interface Packument {
  readonly versions: Readonly<Record<string, { readonly dist: Dist }>>
  readonly time: Readonly<Record<string, string>>
}
const day = 86_400_000

describe('npm: signatures of the registry', () => {
  let house: House
  let clock: FixedClock
  let operator: Management
  beforeEach(async () => {
    clock = new FixedClock()
    const repositories = ['js', 'next'].map((name) => ({ name, format: 'npm' }))
    house = await openHouse({ plugins: [npm, api], repositories, clock })
    operator = operatorOf(house)
  })
  afterEach(() => house.close())

  const publish = async (name: string, version: string, repository = 'js') => {
    const body = JSON.stringify(await publishBody({ name, version }))
    const answer = await house.call('PUT', `/acme/${repository}/${name.replace('/', '%2f')}`, { body })
    expect(answer.status, answer.text()).to.equal(201)
  }
  const get = async <Body>(path: string, headers: Record<string, string> = {}) =>
    (await house.call('GET', `/acme/js/${path}`, { headers })).json() as Body
  const keys = async () => (await get<{ keys: readonly Key[] }>('-/npm/v1/keys')).keys
  const tag = async (path: string) => (await house.call('HEAD', `/acme/js/${path}`)).headers['etag']

  /** As npm does it (pacote's registry fetcher): the key of each signature, its expiry against the time of publication, the text. */
  const verified = async (name: string, version: string, { integrity, signatures }: Dist, time: string | undefined) => {
    const listed = new Map((await keys()).map((key) => [key.keyid, key]))
    expect(signatures).to.have.length(1)
    for (const { keyid, sig } of signatures) {
      const key = listed.get(keyid)
      if (key === undefined) return 'missing key'
      if (key.expires !== null && !(Date.parse(time ?? '') < Date.parse(key.expires))) return 'expired key'
      const spki = createPublicKey({ key: Buffer.from(key.key, 'base64'), format: 'der', type: 'spki' })
      if (!verify('sha256', Buffer.from(`${name}@${version}:${integrity}`), spki, Buffer.from(sig, 'base64'))) return 'forged'
    }
    return 'good'
  }
  const judge = async (name: string) => {
    const { versions, time } = await get<Packument>(name.replace('/', '%2f'))
    const judged = Object.entries(versions).map(async ([version, { dist }]) => [
      version,
      await verified(name, version, dist, time[version]),
    ])
    return Object.fromEntries(await Promise.all(judged))
  }
  const keyOf = async (name: string, version: string) =>
    (await get<{ dist: Dist }>(`${name}/${version}`)).dist.signatures[0]?.keyid

  it('are of nobody before the first publish: there are no keys, which clients take for a registry without signatures', async () => {
    const answer = await house.call('GET', '/acme/js/-/npm/v1/keys')
    expect([answer.status, answer.json()]).to.deep.equal([404, { error: 'Not found' }])
    expect(await operator.done('GET', 'signing')).to.deep.equal({ keys: [] })
  })

  it('stand in packuments of both flavours and in one version alone, and verify by the key that is listed', async () => {
    await publish('@acme/bar', '1.0.0')
    const [key, ...others] = await keys()
    expect(others).to.deep.equal([])
    expect(key).to.include({ expires: null, keytype: 'ecdsa-sha2-nistp256', scheme: 'ecdsa-sha2-nistp256' })
    expect(key?.keyid).to.match(/^SHA256:[A-Za-z0-9+/]{43}$/)
    expect(await judge('@acme/bar')).to.deep.equal({ '1.0.0': 'good' })
    const full = await get<Packument>('@acme%2fbar')
    const short = await get<Packument>('@acme%2fbar', { accept: 'application/vnd.npm.install-v1+json' })
    const one = await get<{ dist: Dist }>('@acme/bar/latest')
    expect(short.versions['1.0.0']?.dist).to.deep.equal(full.versions['1.0.0']?.dist)
    expect(one.dist).to.deep.equal(full.versions['1.0.0']?.dist)
  })

  it('are not what a publisher sends, and are bound to the organization', async () => {
    const body = await publishBody({ name: 'foo', version: '1.0.0' })
    const manifest = body.versions['1.0.0'] as { dist: Record<string, unknown> }
    manifest.dist['signatures'] = [{ keyid: 'SHA256:mine', sig: 'forged' }]
    expect((await house.call('PUT', '/acme/js/foo', { body: JSON.stringify(body) })).status).to.equal(201)
    expect(await judge('foo')).to.deep.equal({ '1.0.0': 'good' })
    const other = await house.call('PUT', '/beta/js/foo', { as: 'bert', body: JSON.stringify(body) })
    expect(other.status).to.equal(201)
    const theirs = (await house.call('GET', '/beta/js/-/npm/v1/keys', { as: 'bert' })).json() as { keys: readonly Key[] }
    expect(theirs.keys).to.have.length(1)
    expect(theirs.keys[0]?.keyid).to.not.equal((await keys())[0]?.keyid)
  })

  it('survive a deprecation and a promotion', async () => {
    await publish('foo', '1.0.0')
    const document = await get<Packument>('foo?write=true')
    const deprecated = { ...document, versions: { '1.0.0': { ...document.versions['1.0.0'], deprecated: 'old' } } }
    expect((await house.call('PUT', '/acme/js/foo', { body: JSON.stringify(deprecated) })).status).to.equal(201)
    expect(await judge('foo')).to.deep.equal({ '1.0.0': 'good' })
    await operator.done('POST', 'packages/js/foo/1.0.0/promote', { to: 'next' })
    const promoted = (await house.call('GET', '/acme/next/foo')).json() as Packument
    expect(await verified('foo', '1.0.0', promoted.versions['1.0.0']?.dist as Dist, promoted.time['1.0.0'])).to.equal('good')
  })

  it('go over to a new key that was listed before it signs; what the old one signed stays good', async () => {
    await publish('foo', '1.0.0')
    const [old] = await keys()
    const rotated = await operator.done('POST', 'signing/rotation', { overlapSeconds: 86_400 })
    expect(rotated['keys']).to.have.length(2)
    const [before, after] = await keys()
    expect(before).to.deep.include({ keyid: old?.keyid, expires: new Date(clock.now().getTime() + day).toISOString() })
    expect(after).to.deep.include({ expires: null })
    const again = await operator.send('POST', 'signing/rotation', {})
    expect([again.status, (again.json() as { code: string }).code]).to.deep.equal([409, 'conflict'])

    await publish('foo', '1.1.0')
    expect(await keyOf('foo', '1.1.0')).to.equal(old?.keyid)
    clock.advance(day)
    await publish('foo', '1.2.0')
    expect(await keyOf('foo', '1.2.0')).to.equal(after?.keyid)
    expect(await judge('foo')).to.deep.equal({ '1.0.0': 'good', '1.1.0': 'good', '1.2.0': 'good' })
    expect(await keyOf('foo', '1.0.0')).to.equal(old?.keyid)
  })

  it('are made anew where the key was revoked, under another ETag, and by every process at once', async () => {
    await publish('foo', '1.0.0')
    await publish('foo', '1.1.0')
    const [leaked] = await keys()
    const seen = await tag('foo')
    const beside = await openHouse({ plugins: [npm, api], beside: house, clock })
    try {
      const there = async () => (await beside.call('GET', '/acme/js/foo')).json() as Packument
      expect((await there()).versions['1.0.0']?.dist.signatures[0]?.keyid).to.equal(leaked?.keyid)
      await operator.done('POST', 'signing/rotation', { revoke: true })
      const [fresh, ...others] = await keys()
      expect(others).to.deep.equal([])
      expect(fresh?.keyid).to.not.equal(leaked?.keyid)
      expect(await tag('foo')).to.not.equal(seen)
      expect((await house.call('GET', '/acme/js/foo', { headers: { 'if-none-match': seen ?? '' } })).status).to.equal(200)
      expect(await judge('foo')).to.deep.equal({ '1.0.0': 'good', '1.1.0': 'good' })
      expect((await there()).versions['1.0.0']?.dist.signatures[0]?.keyid).to.equal(fresh?.keyid)
      expect(await keyOf('foo', '1.0.0')).to.equal(fresh?.keyid)
    } finally {
      await beside.close()
    }
  })

  it('are given to versions that were stored before there were keys, so that none looks tampered with', async () => {
    await publish('foo', '1.0.0')
    for await (const { entry } of house.parts.metadata.scan()) {
      const { key, value } = entry
      if (!key.path.includes('version') || !key.path.includes('1.0.0')) continue
      const row = value as { readonly d: { readonly dist: string } }
      const { signatures: _, ...dist } = JSON.parse(row.d.dist) as Record<string, unknown>
      const bare = { ...row, d: { ...row.d, dist: JSON.stringify(dist) } } as Json
      await house.parts.metadata.commit([{ op: 'put', key, value: bare }], 'bare')
    }
    expect(await judge('foo')).to.deep.equal({ '1.0.0': 'good' })
    expect(await keyOf('foo', '1.0.0')).to.equal((await keys())[0]?.keyid)
    await publish('foo', '1.1.0')
    expect(await judge('foo')).to.deep.equal({ '1.0.0': 'good', '1.1.0': 'good' })
  })

  it('come of one key, however many first publishes race', async () => {
    await Promise.all(Array.from({ length: 8 }, (_, at) => publish(`p${at}`, '1.0.0')))
    expect(await keys()).to.have.length(1)
    for (let at = 0; at < 8; at += 1) expect(await judge(`p${at}`)).to.deep.equal({ '1.0.0': 'good' })
  })

  it('keep their private half out of sight: rows hold it wrapped alone', async () => {
    await publish('foo', '1.0.0')
    const rows: string[] = []
    for await (const { entry } of house.parts.metadata.scan())
      if (entry.key.path[0] === 'signing') rows.push(JSON.stringify(entry.value))
    expect(rows).to.have.length(1)
    const [{ wrapped }] = (JSON.parse(rows[0] ?? '') as { keys: [{ wrapped: { k: string } }] }).keys
    // A private key in the open begins with the DER of its version and algorithm (RFC 5958).
    expect(Buffer.from(wrapped.k, 'base64').includes(Buffer.from('06072a8648ce3d0201', 'hex'))).to.equal(false)
  })

  it('are seen by whoever reads the organization, and rotated by its owner', async () => {
    await publish('foo', '1.0.0')
    expect((await memberOf(house, 'rita').done('GET', 'signing'))['keys']).to.have.length(1)
    expectForbidden(await memberOf(house, 'olga').send('POST', 'signing/rotation', {}), 'organization.manage')
    expectRefusal(
      await operator.send('POST', 'signing/rotation', { overlapSeconds: -1 }),
      400,
      'invalid',
      'The body is not as described: overlapSeconds: Too small: expected number to be >=0',
    )
  })
})
