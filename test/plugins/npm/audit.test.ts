import { gzipSync } from 'node:zlib'
import { expect } from 'chai'
import api from '../../../plugins/api/index.js'
import npm from '../../../plugins/npm/index.js'
import { type House, openHouse, type Somebody } from '../../support/house.js'
import { expectRefusal } from '../../support/management.js'

const osv = (id: string, name: string, fixed: string, more: object = {}) => ({
  id,
  modified: '2026-02-01T00:00:00Z',
  published: '2026-01-01T00:00:00Z',
  aliases: ['CVE-2026-1'],
  summary: `Trouble in ${name}`,
  severity: [{ type: 'CVSS_V3', score: 'CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:H' }],
  affected: [{ package: { ecosystem: 'npm', name }, ranges: [{ type: 'SEMVER', events: [{ introduced: '0' }, { fixed }] }] }],
  database_specific: { severity: 'HIGH', cwe_ids: ['CWE-400'] },
  ...more,
})
const ndjson = { 'content-type': 'application/x-ndjson' }

describe('npm: audits', () => {
  let house: House
  beforeEach(async () => {
    house = await openHouse({ plugins: [npm, api], repositories: [{ name: 'js', format: 'npm' }] })
  })
  afterEach(() => house.close())

  const load = (...records: readonly unknown[]) =>
    house.call('PUT', '/-/api/v1/advisories', {
      as: 'nobody',
      headers: { ...ndjson, authorization: `Bearer ${house.operatorToken()}` },
      body: records.map((one) => (typeof one === 'string' ? one : JSON.stringify(one))).join('\n'),
    })
  const audit = (form: string, body: string | Uint8Array, headers: Record<string, string> = {}, as: Somebody = 'rita') =>
    house.call('POST', `/acme/js/-/npm/v1/security/${form}`, {
      as,
      headers: { 'content-type': 'application/json', ...headers },
      body,
    })
  const bulk = (packages: unknown, headers?: Record<string, string>) =>
    audit('advisories/bulk', JSON.stringify(packages), headers)
  const foo = {
    id: 1000712798,
    url: 'https://github.com/advisories/GHSA-aaaa-bbbb-cccc',
    title: 'Trouble in foo',
    severity: 'high',
    vulnerable_versions: '<1.2.0',
    cwe: ['CWE-400'],
    cvss: { score: 7.5, vectorString: 'CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:H' },
  }

  it('know nothing where nothing was loaded, and say so to whoever asks for an audit', async () => {
    const answer = await bulk({ foo: ['1.1.0'] })
    expect([answer.status, answer.json(), answer.headers['npm-notice']]).to.deep.equal([200, {}, undefined])
    const asked = await bulk({ foo: ['1.1.0'] }, { 'npm-command': 'audit' })
    expect(asked.headers['npm-notice']).to.match(/^No advisories are loaded/)
    await load(osv('GHSA-aaaa-bbbb-cccc', 'foo', '1.2.0'))
    expect((await bulk({}, { 'npm-command': 'audit' })).headers['npm-notice']).to.equal(undefined)
  })

  it('in bulk tell what is known against the versions that are asked about, compressed or not, said or not', async () => {
    expect(
      (await load(osv('GHSA-aaaa-bbbb-cccc', 'foo', '1.2.0'), osv('GHSA-aaaa-bbbb-dddd', '@acme/bar', '2.0.0'))).json(),
    ).to.deep.include({
      advisories: 2,
      passedOver: 0,
    })
    const asked = { foo: ['1.1.0', '1.3.0'], '@acme/bar': ['2.0.0'], constructor: ['1.0.0'], ['__proto__']: ['1.0.0'] }
    const text = JSON.stringify(asked)
    for (const [body, headers] of [
      [text, {}],
      [gzipSync(text), { 'content-encoding': 'gzip' }],
      [gzipSync(text), {}],
    ] as const) {
      const answer = await audit('advisories/bulk', body, headers)
      expect([answer.status, answer.json()]).to.deep.equal([200, { foo: [foo] }])
      expect(answer.headers['cache-control']).to.equal('no-store')
    }
    expect((await bulk({ foo: ['1.2.0-rc.1'] })).json()).to.deep.equal({ foo: [foo] })
    expect((await bulk({ foo: ['1.2.0', 'file:x', ''] })).json()).to.deep.equal({})
    expect(Object.keys((await bulk({ '@acme/bar': ['1.0.0'] })).json() as object)).to.deep.equal(['@acme/bar'])
  })

  it('of a whole tree, quick and full, find where the versions stand', async () => {
    await load(osv('GHSA-aaaa-bbbb-cccc', 'foo', '1.2.0'))
    const tree = {
      name: 'app',
      version: '1.0.0',
      requires: { foo: '^1.0.0' },
      dependencies: {
        foo: { version: '1.1.0', requires: {} },
        bar: { version: '1.0.0', dependencies: { foo: { version: '1.0.0', dev: true } } },
        good: { version: '1.0.0', optional: true, dependencies: { foo: { version: '1.2.0' } } },
      },
    }
    for (const form of ['audits', 'audits/quick']) {
      const answer = await audit(form, gzipSync(JSON.stringify(tree)), { 'content-encoding': 'gzip' })
      const resolve = (path: string, dev: boolean) => ({ id: foo.id, path, dev, optional: false, bundled: false })
      expect([answer.status, answer.json()], form).to.deep.equal([
        200,
        {
          actions: [{ action: 'review', module: 'foo', resolves: [resolve('foo', false), resolve('bar>foo', true)] }],
          advisories: {
            [foo.id]: {
              ...foo,
              findings: [
                { version: '1.1.0', paths: ['foo'] },
                { version: '1.0.0', paths: ['bar>foo'] },
              ],
              module_name: 'foo',
              github_advisory_id: 'GHSA-aaaa-bbbb-cccc',
              cves: ['CVE-2026-1'],
              patched_versions: '>=1.2.0',
              overview: 'Trouble in foo',
              recommendation: '',
              references: foo.url,
              created: '2026-01-01T00:00:00Z',
              updated: '2026-02-01T00:00:00Z',
              deleted: null,
              found_by: null,
              reported_by: null,
              access: 'public',
              metadata: null,
            },
          },
          muted: [],
          metadata: {
            vulnerabilities: { info: 0, low: 0, moderate: 0, high: 2, critical: 0 },
            dependencies: 3,
            devDependencies: 1,
            optionalDependencies: 1,
            totalDependencies: 5,
          },
        },
      ])
    }
  })

  it('are for whoever may read, with any token, and change nothing', async () => {
    expect((await audit('advisories/bulk', '{}', {}, 'nobody')).status).to.equal(401)
    expect((await audit('advisories/bulk', '{}', {}, 'bert')).status).to.equal(401)
    expect((await audit('advisories/bulk', '{}', {}, 'gus')).status).to.equal(404)
    expect(await house.storedDocuments()).to.deep.equal([])
  })

  it('that are malformed or too large are refused in JSON', async () => {
    const refused = async (form: string, body: string | Uint8Array) => {
      const answer = await audit(form, body)
      return [answer.status, (answer.json() as { error: string }).error]
    }
    for (const form of ['advisories/bulk', 'audits', 'audits/quick']) {
      expect(await refused(form, '')).to.deep.equal([400, 'The audit is not JSON'])
      expect(await refused(form, '[]')).to.deep.equal([400, 'The audit is not a JSON object'])
      expect(await refused(form, gzipSync('{}').subarray(0, 12))).to.deep.equal([400, 'The audit cannot be inflated'])
      expect(await refused(form, Buffer.alloc(4 * 1024 ** 2 + 1, 32))).to.deep.equal([413, 'An audit has at most 4194304 bytes'])
      expect(await refused(form, gzipSync(Buffer.alloc(17 * 1024 ** 2, 32)))).to.deep.equal([
        413,
        'An audit has at most 16777216 bytes',
      ])
    }
    expect(await refused('advisories/bulk', '{"foo":1}')).to.deep.equal([
      400,
      'An audit names packages, each with a list of versions',
    ])
    const crowd = `{${Array.from({ length: 200_001 }, (_, index) => `"${index.toString(36)}":[]`).join(',')}}`
    for (const form of ['advisories/bulk', 'audits', 'audits/quick'])
      expect(await refused(form, gzipSync(crowd))).to.deep.equal([413, 'An audit has at most 200000 names and values'])
    const deep = (levels: number) => `${'{"dependencies":{"a":'.repeat(levels)}{}${'}}'.repeat(levels)}`
    expect((await audit('audits', deep(5_000))).status).to.equal(200)
    expect(await refused('audits', deep(50_000))).to.deep.equal([
      400,
      'The dependencies of an audit stand too deep in one another',
    ])
    const empty = Object.fromEntries(Array.from({ length: 50_001 }, (_, index) => [`p${index}`, []]))
    expect(await refused('advisories/bulk', JSON.stringify(empty))).to.deep.equal([400, 'An audit has at most 50000 versions'])
  })

  it('that would be answered at a length beyond all use are refused, and so are a thousand and one versions of one package', async () => {
    await load(...Array.from({ length: 30 }, (_, index) => osv(`GHSA-aaaa-bbbb-cc${10 + index}`, 'foo', '2.0.0')))
    const nested = `{"dependencies":${'{"foo":{"version":"1.0.0","dependencies":'.repeat(2_000)}{}${'}}'.repeat(2_000)}}`
    for (const form of ['audits', 'audits/quick']) {
      const answer = await audit(form, nested)
      expect([answer.status, answer.json()]).to.deep.equal([
        413,
        { error: 'The audit finds more than one answer can tell: ask about fewer packages' },
      ])
    }
    const versions = (count: number) => ({ foo: Array.from({ length: count }, (_, index) => `1.${index}.0`) })
    const many = await bulk(versions(1_001))
    expect([many.status, many.json()]).to.deep.equal([400, { error: 'An audit has at most 1000 versions of one package' }])
    expect(((await bulk(versions(1_000))).json() as { foo: unknown[] }).foo).to.have.lengthOf(30)
  })

  it('are not kept from what is known by a version of it that cannot be read', async () => {
    const told = { package: { ecosystem: 'npm', name: 'foo' }, versions: ['one.two', '1.1.0'] }
    await load(osv('GHSA-aaaa-bbbb-cccc', 'foo', '', { affected: [told] }))
    expect((await bulk({ foo: ['1.1.0'] })).json()).to.deep.equal({ foo: [{ ...foo, vulnerable_versions: '1.1.0' }] })
    expect((await bulk({ foo: ['1.2.0'] })).json()).to.deep.equal({})
  })

  it('are fed by the operator alone, by lines of JSON', async () => {
    const put = (headers: Record<string, string>, body = '{}') =>
      house.call('PUT', '/-/api/v1/advisories', { as: 'olga', headers, body })
    expect((await put(ndjson)).status).to.be.oneOf([401, 403])
    const operator = { authorization: `Bearer ${house.operatorToken()}` }
    expectRefusal(
      await house.call('PUT', '/-/api/v1/advisories', {
        as: 'nobody',
        headers: { ...operator, 'content-type': 'application/json' },
        body: '{}',
      }),
      415,
      'content-type',
      'The body has to be application/x-ndjson, not encoded',
    )
    expectRefusal(await load('{'), 400, 'invalid', 'Line 1 of the feed is not JSON')
    const show = async () => (await house.call('GET', '/-/api/v1/advisories', { as: 'nobody', headers: operator })).json()
    expect(await show()).to.deep.equal({ feed: null })
    const loaded = (await load(osv('GHSA-aaaa-bbbb-cccc', 'foo', '1.2.0'))).json()
    expect(await show()).to.deep.equal({ feed: loaded })
    const gone = await house.call('DELETE', '/-/api/v1/advisories', { as: 'nobody', headers: operator })
    expect(gone.status).to.equal(204)
    expect((await bulk({ foo: ['1.0.0'] })).json()).to.deep.equal({})
  })
})
