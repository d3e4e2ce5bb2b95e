import { createHash, sign, X509Certificate } from 'node:crypto'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import api from '../../../plugins/api/index.js'
import npm from '../../../plugins/npm/index.js'
import { CertificateAuthority } from '../../support/certificates.js'
import { type House, openHouse } from '../../support/house.js'
import { operatorOf } from '../../support/management.js'
import { packed, publishBody } from '../../support/npm-package.js'

type Bundle = Record<string, unknown>
const predicateType = 'https://slsa.dev/provenance/v1'
const statementType = 'application/vnd.in-toto+json'
const pkg = '@acme/bar'

describe('npm: provenance', () => {
  let folder: string
  let certificate: string
  let key: string
  let file: Buffer
  let house: House
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'cloudrepo-provenance-'))
    const issued = new CertificateAuthority(folder).issue()
    certificate = new X509Certificate(await readFile(issued.cert)).raw.toString('base64')
    key = await readFile(issued.key, 'utf8')
    file = await packed({ name: pkg, version: '1.0.0' })
  })
  after(() => rm(folder, { recursive: true }))
  beforeEach(async () => {
    const repositories = ['js', 'next'].map((name) => ({ name, format: 'npm' }))
    house = await openHouse({ plugins: [npm, api], repositories })
  })
  afterEach(() => house.close())

  const statement = (more: object = {}) => ({
    _type: 'https://in-toto.io/Statement/v1',
    subject: [{ name: 'pkg:npm/%40acme/bar@1.0.0', digest: { sha512: createHash('sha512').update(file).digest('hex') } }],
    predicateType,
    predicate: { buildDefinition: {} },
    ...more,
  })
  const bundle = (said: unknown = statement(), more: Bundle = {}): Bundle => {
    const payload = Buffer.from(typeof said === 'string' ? said : JSON.stringify(said))
    const signed = Buffer.concat([Buffer.from(`DSSEv1 ${statementType.length} ${statementType} ${payload.length} `), payload])
    return {
      mediaType: 'application/vnd.dev.sigstore.bundle.v0.3+json',
      verificationMaterial: {
        certificate: { rawBytes: certificate },
        tlogEntries: [{ logIndex: '1', integratedTime: '1700000000' }],
      },
      dsseEnvelope: {
        payloadType: statementType,
        payload: payload.toString('base64'),
        signatures: [{ sig: sign('sha256', signed, key).toString('base64'), keyid: '' }],
      },
      ...more,
    }
  }
  const publish = async (said: Bundle | string, name = `${pkg}-1.0.0.sigstore`, attachment: object = {}) => {
    const body = await publishBody({ name: pkg, version: '1.0.0' }, { file })
    const data = typeof said === 'string' ? said : JSON.stringify(said)
    const attachments = {
      [name]: { content_type: 'application/vnd.dev.sigstore.bundle.v0.3+json', data, length: data.length, ...attachment },
      ...body._attachments,
    }
    return house.call('PUT', '/acme/js/@acme%2fbar', { body: JSON.stringify({ ...body, _attachments: attachments }) })
  }
  const get = (path: string) => house.call('GET', `/acme/js/${path}`)

  it('is taken with the version and served as it was sent, its slash raw or encoded; the packument leads to it', async () => {
    const sent = bundle()
    expect((await publish(sent)).status).to.equal(201)
    for (const spec of ['@acme%2fbar@1.0.0', '@acme%2Fbar@1.0.0', '@acme/bar@1.0.0']) {
      const answer = await get(`-/npm/v1/attestations/${spec}`)
      expect([answer.status, answer.json()], spec).to.deep.equal([200, { attestations: [{ predicateType, bundle: sent }] }])
    }
    const expected = {
      url: `${house.url}/acme/js/-/npm/v1/attestations/@acme%2fbar@1.0.0`,
      provenance: { predicateType },
    }
    const packument = (await get('@acme%2fbar')).json() as { versions: { '1.0.0': { dist: object } } }
    const one = (await get('@acme/bar/1.0.0')).json() as { dist: object }
    expect(packument.versions['1.0.0'].dist).to.deep.include({ attestations: expected })
    expect(one.dist).to.deep.equal(packument.versions['1.0.0'].dist)
    expect(await house.storedFiles()).to.deep.equal(['acme/js/@acme/bar/-/bar-1.0.0.tgz'])
  })

  it('of an older bundle carries its certificate at the head of a chain', async () => {
    const material = { x509CertificateChain: { certificates: [{ rawBytes: certificate }] }, tlogEntries: [{}] }
    const old = bundle(statement({ _type: 'https://in-toto.io/Statement/v0.1' }), {
      mediaType: 'application/vnd.dev.sigstore.bundle+json;version=0.2',
      verificationMaterial: material,
    })
    expect((await publish(old)).status).to.equal(201)
  })

  it('that is not about this version and these bytes, or not signed by its certificate, is refused, and nothing is stored', async () => {
    const other = { name: 'pkg:npm/%40acme/bar@1.0.1', digest: { sha512: createHash('sha512').update(file).digest('hex') } }
    const otherBytes = { name: 'pkg:npm/%40acme/bar@1.0.0', digest: { sha512: 'ab'.repeat(64) } }
    const good = bundle()
    const envelope = good['dsseEnvelope'] as Record<string, unknown>
    const material = good['verificationMaterial'] as Record<string, unknown>
    const cases: readonly (readonly [Bundle | string, string])[] = [
      ['', 'it is not JSON'],
      ['[]', 'it is not JSON'],
      [{ ...good, mediaType: 'text/plain' }, 'it is no Sigstore bundle'],
      [{ ...good, dsseEnvelope: { ...envelope, payloadType: 'text/plain' } }, 'it has no in-toto statement'],
      [
        { ...good, verificationMaterial: { certificate: { rawBytes: certificate }, tlogEntries: [] } },
        'it names no entry of a transparency log',
      ],
      [{ ...good, verificationMaterial: { tlogEntries: [{}], publicKey: { hint: 'x' } } }, 'it carries no certificate'],
      [{ ...good, verificationMaterial: { ...material, certificate: { rawBytes: 'AAAA' } } }, 'its certificate cannot be read'],
      [{ ...good, dsseEnvelope: { ...envelope, signatures: [{ sig: 'AAAA' }] } }, 'its certificate has not signed it'],
      [{ ...good, dsseEnvelope: { ...envelope, signatures: [] } }, 'it is not signed once'],
      [bundle('no JSON'), 'its statement is not JSON'],
      [bundle(statement({ _type: 'https://example.com/Statement' })), 'its statement is none of in-toto'],
      [bundle(statement({ predicateType: '' })), 'its statement has no predicate type'],
      [bundle(statement({ subject: [] })), 'its statement is not about one subject'],
      [bundle(statement({ subject: [other] })), 'its statement is not about pkg:npm/%40acme/bar@1.0.0'],
      [bundle(statement({ subject: [otherBytes] })), 'its statement is about other bytes than the tarball’s'],
      [bundle(statement({ predicate: 'x'.repeat(200 * 1024) })), 'it is larger than 204800 bytes'],
    ]
    for (const [said, reason] of cases) {
      const answer = await publish(said)
      expect([answer.status, answer.json()]).to.deep.equal([422, { error: `the provenance cannot be taken: ${reason}` }])
    }
    expect((await publish(good, 'evil.sigstore')).status).to.equal(400)
    expect((await publish(good, `${pkg}-1.0.0.sigstore`, { length: 1 })).status).to.equal(400)
    expect((await publish(good, `${pkg}-1.0.0.sigstore`, { data: 7 })).status).to.equal(400)
    expect(await house.storedDocuments()).to.deep.equal([])
    expect(await house.storedFiles()).to.deep.equal([])
  })

  it('is unknown where a version has none, for versions and packages that are not there, and for strangers', async () => {
    const plain = await publishBody({ name: 'foo', version: '1.0.0' })
    expect((await house.call('PUT', '/acme/js/foo', { body: JSON.stringify(plain) })).status).to.equal(201)
    for (const spec of ['foo@1.0.0', 'foo@2.0.0', 'foo', 'nope@1.0.0', '@acme/nope@1.0.0'])
      expect((await get(`-/npm/v1/attestations/${spec}`)).status, spec).to.equal(404)
    const stranger = await house.call('GET', '/acme/js/-/npm/v1/attestations/foo@1.0.0', { as: 'nobody' })
    expect(stranger.status).to.equal(401)
  })

  it('goes along with a promotion, and away with its version', async () => {
    await publish(bundle())
    await operatorOf(house).done('POST', 'packages/js/@acme%2Fbar/1.0.0/promote', { to: 'next' })
    const there = () => house.call('GET', '/acme/next/-/npm/v1/attestations/@acme/bar@1.0.0')
    expect((await there()).status).to.equal(200)
    const { _rev } = (await get('@acme%2fbar')).json() as { _rev: string }
    expect((await house.call('DELETE', `/acme/js/@acme%2fbar/-rev/${_rev}`, { as: 'olga' })).status).to.equal(200)
    expect((await get('-/npm/v1/attestations/@acme/bar@1.0.0')).status).to.equal(404)
    expect(
      (await house.storedDocuments()).filter((key) => key.startsWith('acme/js') && key.includes('attestation')),
    ).to.deep.equal([])
    expect((await there()).status).to.equal(200)
  })
})
