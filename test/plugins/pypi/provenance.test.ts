import { expect } from 'chai'
import { type AttestationOptions, attestationOf, base64, buildPredicate, certificate } from '../../support/attestation-builder.js'
import type { House } from '../../support/house.js'
import { buildSdist } from '../../support/sdist-builder.js'
import { buildWheel } from '../../support/wheel-builder.js'
import { json, openPypiHouse, upload } from './pypi-house.js'

const wheel = buildWheel({ name: 'Friendly-Bard', version: '1.0' })
const type = 'application/vnd.pypi.integrity.v1+json'
const address = `/acme/py/integrity/friendly-bard/1.0/${wheel.filename}/provenance`

describe('attestations of a file (PEP 740)', () => {
  let house: House
  before(async () => {
    house = await openPypiHouse()
  })
  after(() => house.close())

  const send = (attestations: unknown, file = wheel, version = '1.0') =>
    upload(house, file, 'Friendly-Bard', version, {
      attestations: typeof attestations === 'string' ? attestations : JSON.stringify(attestations),
    })
  const material = { certificate: certificate(), transparency_entries: [{}] }
  const envelope = { statement: base64('{}'), signature: base64('x') }
  const one = (options: AttestationOptions) => [attestationOf(wheel, options)]

  const refused: readonly [string, unknown, string][] = [
    ['no JSON', 'nonsense', 'Malformed JSON'],
    ['a list within lists', '['.repeat(100_000), 'Malformed JSON'],
    ['no list', attestationOf(wheel), 'it is no list of attestations'],
    ['another version', one({ attestation: { version: 2 } }), 'it is no list of attestations'],
    ['a field too many', one({ attestation: { more: 1 } }), 'it is no list of attestations'],
    [
      'no transparency entry',
      one({ attestation: { verification_material: { ...material, transparency_entries: [] } } }),
      'it is no list of attestations',
    ],
    [
      'no base64',
      one({ attestation: { verification_material: { ...material, certificate: '***' } } }),
      'it is no list of attestations',
    ],
    [
      'no certificate',
      one({ attestation: { verification_material: { ...material, certificate: base64('no certificate') } } }),
      'its certificate is none',
    ],
    ['no statement', one({ attestation: { envelope } }), 'its statement is no in-toto statement of one subject'],
    ['another kind of statement', one({ statement: { _type: 'x' } }), 'its statement is no in-toto statement of one subject'],
    [
      'two subjects',
      one({
        statement: {
          subject: [
            { name: 'a', digest: { sha256: '' } },
            { name: 'b', digest: { sha256: '' } },
          ],
        },
      }),
      'its statement is no in-toto statement of one subject',
    ],
    [
      'another file',
      [attestationOf({ ...wheel, filename: 'lute-1.0-py3-none-any.whl' })],
      "the statement is about 'lute-1.0-py3-none-any.whl'",
    ],
    [
      'another version of it',
      [attestationOf({ ...wheel, filename: 'friendly_bard-1.1-py3-none-any.whl' })],
      "the statement is about 'friendly_bard-1.1-py3-none-any.whl'",
    ],
    ['other bytes', [attestationOf({ ...wheel, sha256: '0'.repeat(64) })], 'the statement is about other bytes'],
    ['a predicate of its own', one({ predicateType: 'https://example.com/x' }), "unknown predicate type 'https://example.com/x'"],
    ['one predicate twice', [attestationOf(wheel), attestationOf(wheel)], 'two of them have one predicate type'],
    [
      'three of them',
      [attestationOf(wheel), attestationOf(wheel, { predicateType: buildPredicate }), attestationOf(wheel)],
      'at most 2 are taken',
    ],
  ]
  for (const [what, attestations, why] of refused) {
    it(`with ${what} are refused, and nothing is stored`, async () => {
      const { status, reason, text } = await send(attestations)
      expect(status).to.equal(400)
      expect(reason).to.match(/^Invalid attestations supplied during upload: .*\.$/)
      expect(reason).to.contain(why)
      expect(text()).to.equal(`${reason}\n`)
      expect([await house.storedFiles(), await house.storedDocuments(), await house.storedBlobs()]).to.deep.equal([[], [], 0])
    })
  }

  it('that are longer than 512 KiB are refused', async () => {
    const { status } = await send(`[${' '.repeat(512 * 1024)}]`)
    expect(status).to.equal(413)
    expect(await house.storedBlobs()).to.equal(0)
  })

  it('are kept with the file, told by its page and served as they came', async () => {
    const attestations = [attestationOf(wheel), attestationOf(wheel, { predicateType: buildPredicate })]
    expect((await send(attestations)).status).to.equal(200)
    expect(await house.storedFiles()).to.deep.equal([
      `acme/py/friendly-bard/${wheel.filename}`,
      `acme/py/friendly-bard/${wheel.filename}.metadata`,
      `acme/py/friendly-bard/${wheel.filename}.provenance`,
    ])
    const page = await house.call('GET', '/acme/py/simple/friendly-bard/', { headers: { accept: json } })
    const { files } = page.json() as { files: readonly { provenance: string }[] }
    expect(files.map(({ provenance }) => provenance)).to.deep.equal([`${house.url}${address}`])
    const html = (await house.call('GET', '/acme/py/simple/friendly-bard/')).text()
    expect(html).to.contain(`data-provenance="${house.url}${address}"`)
    for (const accept of [type, 'application/json', '*/*', 'application/*', undefined]) {
      const answer = await house.call('GET', address, { headers: accept === undefined ? {} : { accept } })
      expect([answer.status, answer.headers['content-type']]).to.deep.equal([200, type])
      expect(answer.headers['cache-control']).to.equal('private, no-cache')
      expect(answer.json()).to.deep.equal({
        version: 1,
        attestation_bundles: [{ publisher: { kind: 'unverified', claims: null }, attestations }],
      })
    }
    expect((await house.call('GET', address, { headers: { accept: 'text/html' } })).status).to.equal(406)
    expect((await send([attestationOf(wheel)])).status, 'the same file again').to.equal(200)
    expect((await house.call('GET', `/acme/py/integrity/Friendly.Bard/1.0.0/${wheel.filename}/provenance`)).status).to.equal(200)
  })

  it('are 404 for a file without, an unknown one and another version, 401 to strangers and 403 to members without a right', async () => {
    const sdist = await buildSdist({ name: 'Friendly-Bard', version: '1.0' })
    expect((await send('[]', sdist)).status, 'an empty list is none').to.equal(200)
    for (const path of [
      `friendly-bard/1.0/${sdist.filename}`,
      `friendly-bard/1.1/${wheel.filename}`,
      `lute/1.0/${wheel.filename}`,
      'friendly-bard/1.0/nonsense',
      `friendly-bard/x/${wheel.filename}`,
    ])
      expect((await house.call('GET', `/acme/py/integrity/${path}/provenance`)).status, path).to.equal(404)
    expect((await house.call('GET', address, { as: 'nobody' })).status).to.equal(401)
    expect((await house.call('GET', address, { as: 'gus' })).status).to.equal(403)
    expect((await house.call('GET', address, { as: 'bert' })).status).to.equal(401)
  })
})
