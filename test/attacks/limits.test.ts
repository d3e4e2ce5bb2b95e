import { expect } from 'chai'
import type { House } from '../support/house.js'
import { pomOf } from '../support/maven-deployment.js'
import { publishBody } from '../support/npm-package.js'
import { buildWheel } from '../support/wheel-builder.js'
import { contents, openShelves, publish, put, putPackage, untouched, upload, wheel } from './shelves.js'

/** A path of so many segments, each so long. */
const path = (segments: number, length: number) => Array.from({ length: segments }, () => 's'.repeat(length)).join('/')

describe('names and values at the limits of what is stored', () => {
  let house: House
  beforeEach(async () => {
    house = await openShelves()
  })
  afterEach(() => house.close())

  it('the longest paths of raw are stored, listed, read and removed; longer ones are refused', async () => {
    for (const long of [path(64, 15), `${path(3, 255)}/${'x'.repeat(255)}`, `${path(4, 254)}/x`, 'é'.repeat(127)]) {
      const target = `/acme/raw/${encodeURI(long)}`
      expect([(await put(house, target, 'long')).status, long.length]).to.deep.equal([201, long.length])
      expect((await house.call('GET', target)).text()).to.equal('long')
      expect((await house.call('GET', `${target}.sha512`)).status).to.be.oneOf([200, 400])
      const cut = target.lastIndexOf('/')
      expect((await house.call('GET', target.slice(0, cut + 1))).status).to.equal(200)
      expect((await house.call('DELETE', target, { as: 'olga' })).status).to.equal(204)
    }
    for (const long of [path(65, 1), path(5, 255), 'x'.repeat(256)])
      for (const method of ['PUT', 'GET', 'DELETE'])
        expect(
          (
            await untouched(house, () =>
              house.call(method, `/acme/raw/${long}`, method === 'PUT' ? { body: 'x' } : { as: 'olga' }),
            )
          ).status,
        ).to.be.oneOf([400, 414])
  })

  it('the longest paths of Maven are stored and published, or refused with 4xx, and never half', async () => {
    for (const length of [50, 100, 130, 150, 180, 200, 250]) {
      const artifact = 'a'.repeat(length)
      const group = path(2, length)
      const folder = `/acme/mvn/${group}/${artifact}`
      const before = await contents(house)
      const file = `${folder}/1.0/${artifact}-1.0`
      if (artifact.length + 8 > 255) {
        expect((await untouched(house, () => put(house, `${file}.jar`, 'jar'))).status).to.equal(400)
        continue
      }
      const jar = await put(house, `${file}.jar`, `jar ${length}`)
      const pom = await put(house, `${file}.pom`, pomOf({ group: group.replaceAll('/', '.'), artifact, version: '1.0' }))
      const metadata = await put(
        house,
        `${folder}/maven-metadata.xml`,
        `<metadata><groupId>${group.replaceAll('/', '.')}</groupId><artifactId>${artifact}</artifactId><versioning><release>1.0</release></versioning></metadata>`,
      )
      const statuses = [jar.status, pom.status, metadata.status]
      if (jar.status === 201) {
        expect(statuses, String(length)).to.deep.equal([201, 201, 201])
        expect((await house.call('GET', `${folder}/maven-metadata.xml`)).text()).to.include('<version>1.0</version>')
      } else {
        expect(jar.status, String(length)).to.equal(400)
        expect(jar.text()).to.match(/long/)
        expect(pom.status).to.equal(400)
        expect(await contents(house)).to.deep.equal(before)
      }
      expect((await house.call('GET', `${folder}/1.0/`)).status).to.be.oneOf([200, 404])
    }
  })

  it('facts of a package beyond what a row holds are cut or refused with 4xx', async () => {
    const huge = 'x'.repeat(300 * 1024)
    const long = 'x'.repeat(60_000)
    const many = Array.from(
      { length: 400 },
      (_, at) =>
        `<dependency><groupId>${'g'.repeat(290)}</groupId><artifactId>${'a'.repeat(290)}${at}</artifactId><version>${'1'.repeat(290)}</version></dependency>`,
    ).join('')
    const coordinates = { group: 'org.demo', artifact: 'lib', version: '1.0' }
    const pomPath = '/acme/mvn/org/demo/lib/1.0/lib-1.0.pom'
    for (const more of [`<description>${long}</description><name>${long}</name>`, `<dependencies>${many}</dependencies>`]) {
      const sent = await put(house, pomPath, pomOf(coordinates, more))
      expect([sent.status, sent.text()]).to.deep.equal([201, ''])
      await house.call('DELETE', pomPath, { as: 'olga' })
    }
    const declared = Array.from(
      { length: 200 },
      (_, at) =>
        `<snapshotVersion><classifier>${'c'.repeat(5_000)}${at}</classifier><extension>jar</extension><value>1.0-20260131.115959-1</value></snapshotVersion>`,
    ).join('')
    const snapshot = `<metadata><groupId>org.demo</groupId><artifactId>lib</artifactId><version>1.0-SNAPSHOT</version><versioning><snapshot><timestamp>20260131.115959</timestamp><buildNumber>1</buildNumber></snapshot><snapshotVersions>${declared}</snapshotVersions></versioning></metadata>`
    expect(
      (await untouched(house, () => put(house, '/acme/mvn/org/demo/lib/1.0-SNAPSHOT/maven-metadata.xml', snapshot))).status,
    ).to.equal(400)

    for (const headers of [
      [`Keywords: ${huge}`],
      [`License: ${huge}`],
      [`Home-page: https://e.example/${huge}`],
      [`Author: ${huge}`],
      Array.from({ length: 9_000 }, (_, at) => `Classifier: Topic :: ${at}`),
    ]) {
      const name = `facts${headers[0]?.slice(0, 4).toLowerCase()}`
      expect((await upload(house, buildWheel({ name, version: '1.0', headers }), name, '1.0')).status, name).to.be.oneOf([
        200, 400,
      ])
    }
    const specifier = Array.from({ length: 60_000 }, () => '!=3.1').join(',')
    expect(
      (
        await untouched(house, () =>
          upload(house, buildWheel({ name: 'spec', version: '1.0', requiresPython: specifier }), 'spec', '1.0'),
        )
      ).status,
    ).to.equal(400)
    const longName = `${'n'.repeat(200)}`
    expect((await upload(house, wheel(longName, '1.0'), longName, '1.0')).status).to.equal(200)

    for (const more of [
      { description: huge },
      { keywords: [huge] },
      { author: huge },
      { homepage: huge },
      { dependencies: Object.fromEntries(Array.from({ length: 9_000 }, (_, at) => [`dependency-${at}`, '^1.0.0'])) },
    ]) {
      const name = `facts-${Object.keys(more)[0]}`
      const answer = await publish(house, { name, version: '1.0.0', ...more })
      expect(answer.status, `${name} ${answer.text()}`).to.be.oneOf([201, 400, 413])
    }
    const body = await publishBody({ name: 'tags', version: '1.0.0' })
    const tags = Object.fromEntries(Array.from({ length: 500 }, (_, at) => [`tag-${at}`, '1.0.0']))
    expect((await untouched(house, () => putPackage(house, 'tags', { ...body, 'dist-tags': tags }))).status).to.be.oneOf([
      400, 413,
    ])
    const longest = `@${'s'.repeat(100)}/${'n'.repeat(112)}`
    expect((await publish(house, { name: longest, version: `1.0.0-${'p'.repeat(122)}` })).status).to.equal(201)
    expect((await house.call('GET', `/acme/js/${longest.replace('/', '%2f')}`)).status).to.equal(200)
    expect(
      (
        await house.call('PUT', `/acme/js/-/package/${longest.replace('/', '%2f')}/dist-tags/${'t'.repeat(214)}`, {
          headers: { 'content-type': 'application/json' },
          body: JSON.stringify(`1.0.0-${'p'.repeat(122)}`),
        })
      ).status,
    ).to.be.oneOf([200, 201])
  })
})
