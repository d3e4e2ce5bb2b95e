import { expect } from 'chai'
import { mavenPlugin } from '../../../plugins/maven/index.js'
import { type House, openHouse } from '../../support/house.js'
import { hexOf, MavenDeployment } from '../../support/maven-deployment.js'
import { exchange } from '../../support/wire.js'

const folder = 'org/demo/lib'
const created = { 'if-none-match': '*' }

describe('a write to a maven repository under a condition', () => {
  let house: House
  let release: MavenDeployment
  /** What the layout takes more than once: a -SNAPSHOT, a release that is not published yet, a file of no build beside a snapshot. */
  let places: readonly (readonly [MavenDeployment, string])[]
  before(async () => {
    house = await openHouse({
      plugins: [mavenPlugin()],
      repositories: [
        { name: 'mvn', format: 'maven' },
        { name: 'loose', format: 'maven', layoutPolicy: 'permissive' },
      ],
    })
    release = new MavenDeployment(house, '/acme/mvn', 'olga')
    places = [
      [release, `${folder}/1-SNAPSHOT/lib-1-SNAPSHOT.jar`],
      [release, `${folder}/1.0/lib-1.0.jar`],
      [new MavenDeployment(house, '/acme/loose', 'olga'), `${folder}/1-SNAPSHOT/ivy.xml`],
    ]
  })
  after(() => house.close())
  const tag = (content: string) => `"${hexOf('sha1', content)}"`

  it('creates and never replaces, or replaces and removes what was seen and nothing else', async () => {
    for (const [place, path] of places) {
      const put = async (content: string, headers: Readonly<Record<string, string>>) =>
        (await place.put(path, content, headers)).status
      expect(await put('one', { 'if-match': '*' }), path).to.equal(412)
      expect(await put('one', created), path).to.equal(201)
      const refused = await place.put(path, 'two', created)
      expect([refused.status, refused.reason, refused.headers['etag']]).to.deep.equal([412, 'Changed meanwhile', tag('one')])
      expect((refused.json() as { detail: string }).detail).to.equal(`If-None-Match does not hold: the file is ${tag('one')}`)
      expect(await put('two', { 'if-match': tag('other') })).to.equal(412)
      expect(await put('two', { 'if-unmodified-since': 'Thu, 01 Jan 1970 00:00:00 GMT' })).to.equal(412)
      expect(await put('two', { 'if-match': 'no tag' })).to.equal(400)
      expect((await place.get(path)).text()).to.equal('one')
      expect(await put('two', { 'if-match': `${tag('other')}, ${tag('one')}` })).to.equal(201)
      const remove = async (seen: string) =>
        (
          await house.call('DELETE', `/acme/${place === release ? 'mvn' : 'loose'}/${path}`, {
            as: 'olga',
            headers: { 'if-match': seen },
          })
        ).status
      expect([await remove(tag('one')), (await place.get(path)).text()]).to.deep.equal([412, 'two'])
      expect([await remove(tag('two')), (await place.get(path)).status]).to.deep.equal([204, 404])
      expect(await remove(tag('two'))).to.equal(404)
    }
    expect(await house.storedFiles()).to.deep.equal([])
  })

  it('is refused before its body is asked for', async () => {
    for (const [place, path] of places) {
      await place.put(path, 'one')
      const answer = await exchange(house.url, {
        method: 'PUT',
        target: `/acme/${place === release ? 'mvn' : 'loose'}/${path}`,
        headers: { Authorization: `Bearer ${house.token('olga')}`, 'If-None-Match': '*' },
        body: 'withheld',
      })
      expect([answer.status, answer.continued], path).to.deep.equal([412, false])
      await place.delete(path)
    }
  })

  it('has one winner of several that create a file at once, or replace the same one', async () => {
    for (const [place, path] of places) {
      const several = async (headers: Readonly<Record<string, string>>, round: string) => {
        const contents = ['a', 'b', 'c', 'd'].map((name) => `${name} of ${round}`)
        const answers = await Promise.all(contents.map((content) => place.put(path, content, headers)))
        expect(answers.map(({ status }) => status).sort(), `${path}, ${round}`).to.deep.equal([201, 412, 412, 412])
        const winner = contents[answers.findIndex(({ status }) => status === 201)] ?? ''
        expect((await place.get(path)).text()).to.equal(winner)
        return winner
      }
      const first = await several(created, 'those that create')
      await several({ 'if-match': tag(first) }, 'those that replace')
      await place.delete(path)
    }
  })
})
