import { expect } from 'chai'
import { mavenPlugin } from '../../../plugins/maven/index.js'
import { FixedClock } from '../../support/fixed-clock.js'
import { type House, openHouse, type Somebody } from '../../support/house.js'
import { MavenDeployment } from '../../support/maven-deployment.js'
import { exchange } from '../../support/wire.js'

const lib = { group: 'org.demo', artifact: 'lib', version: '1.0' }
const jarPath = 'org/demo/lib/1.0/lib-1.0.jar'
const snapshotPath = 'org/demo/lib/1.1-SNAPSHOT/lib-1.1-20260131.115959-1.jar'
const wide = (bytes: number) => `${'g'.repeat(200)}/${'h'.repeat(200)}/${'i'.repeat(bytes - 410)}/lib/1.0`

describe('an upload that its client announces with Expect: 100-continue', () => {
  let house: House
  let clock: FixedClock
  beforeEach(async () => {
    clock = new FixedClock()
    house = await openHouse({
      plugins: [mavenPlugin()],
      clock,
      repositories: [
        { name: 'mvn', format: 'maven' },
        { name: 'open', format: 'maven', public: true },
        { name: 'releases', format: 'maven', policy: 'release' },
        { name: 'snapshots', format: 'maven', policy: 'snapshot' },
      ],
    })
  })
  afterEach(() => house.close())

  const announce = (target: string, as: Somebody = 'dora', headers: Readonly<Record<string, string>> = {}) =>
    exchange(house.url, {
      method: 'PUT',
      target: `/acme/${target}`,
      headers: { ...(as === 'nobody' ? {} : { Authorization: `Bearer ${house.token(as)}` }), ...headers },
      body: 'withheld',
    })

  const refusals: readonly (readonly [string, number, string, Somebody?, Readonly<Record<string, string>>?])[] = [
    ['that has no credentials', 401, `mvn/${jarPath}`, 'nobody'],
    ['that has no credentials, to a public repository', 401, `open/${jarPath}`, 'nobody'],
    ['of another organization', 401, `mvn/${jarPath}`, 'bert'],
    ['of somebody who may only read', 403, `mvn/${jarPath}`, 'rita'],
    ['of somebody who may not even read', 404, `mvn/${jarPath}`, 'gus'],
    ['of a snapshot among releases', 400, `releases/${snapshotPath}`],
    ['of a release among snapshots', 400, `snapshots/${jarPath}`],
    [
      'of a timestamp without -SNAPSHOT among snapshots',
      400,
      'snapshots/o/lib/1.0-20260131.115959-1/lib-1.0-20260131.115959-1.jar',
    ],
    ['of -snapshot in lower case', 400, 'mvn/o/lib/1.0-snapshot/lib-1.0-snapshot.jar'],
    ['of SNAPSHOT behind a dot', 400, 'mvn/o/lib/1.0.SNAPSHOT/lib-1.0.SNAPSHOT.jar'],
    ['outside the layout', 400, 'mvn/o/lib/1.0/other-1.0.jar'],
    ['through a doubled slash', 400, 'mvn/o//lib/1.0/lib-1.0.jar'],
    ['of coordinates longer than any key', 400, `mvn/${wide(513)}/lib-1.0.jar`],
    ['of the metadata of a snapshot among releases', 400, 'releases/org/demo/lib/1.1-SNAPSHOT/maven-metadata.xml'],
    ['of what the server makes', 400, 'mvn/archetype-catalog.xml'],
    ['of a checksum of a checksum', 400, `mvn/${jarPath}.sha1.md5`],
    ['with a coding', 415, `mvn/${jarPath}`, 'dora', { 'Content-Encoding': 'gzip' }],
    ['of nothing but a checksum', 404, `mvn/${jarPath}`, 'dora', { 'X-Checksum-Deploy': 'true' }],
    ['with a checksum header that is none', 400, `mvn/${jarPath}`, 'dora', { 'X-Checksum-Sha1': 'zz' }],
  ]
  for (const [what, status, target, as, headers] of refusals)
    it(`${what} is answered ${status} and its body never asked for`, async () => {
      const answer = await announce(target, as, headers)
      expect([answer.status, answer.continued]).to.deep.equal([status, false])
      expect(await house.storedFiles()).to.deep.equal([])
    })

  it('to a release that was closed a day ago is answered 409 and its body never asked for', async () => {
    await new MavenDeployment(house, '/acme/mvn').release(lib, 'jar')
    clock.advance(24 * 60 * 60_000 + 1)
    const answer = await announce('mvn/org/demo/lib/1.0/lib-1.0-javadoc.jar')
    expect([answer.status, answer.continued]).to.deep.equal([409, false])
    expect(answer.body).to.contain('"title":"Release is closed"')
    expect(await house.storedFiles()).to.have.lengthOf(2)
  })

  it('says in its refusal how long coordinates may be, and takes the longest', async () => {
    expect((await announce(`mvn/${wide(513)}/lib-1.0.jar`)).body).to.contain(
      '"detail":"Group, artifact and version have 513 bytes together, 512 are possible"',
    )
    const snapshots = `${'g'.repeat(200)}/${'h'.repeat(200)}/${'i'.repeat(92)}/l/1.0-SNAPSHOT`
    expect(snapshots).to.have.lengthOf(509)
    const place = new MavenDeployment(house, '/acme/mvn')
    expect((await place.put(`${wide(512)}/lib-1.0.jar`, 'jar')).status).to.equal(201)
    expect((await place.put(`${snapshots}/l-1.0-20260131.115959-999999999.jar`, 'jar')).status).to.equal(201)
  })
})
