import { expect } from 'chai'
import { mavenPlugin } from '../../../plugins/maven/index.js'
import { FixedClock } from '../../support/fixed-clock.js'
import { type House, openHouse } from '../../support/house.js'
import { MavenDeployment, pomOf } from '../../support/maven-deployment.js'

const lib = { group: 'org.demo', artifact: 'lib', version: '1.0' }

describe('the folders of a maven repository', () => {
  let house: House
  let dora: MavenDeployment
  beforeEach(async () => {
    house = await openHouse({
      plugins: [mavenPlugin()],
      clock: new FixedClock(),
      repositories: [
        { name: 'mvn', format: 'maven' },
        { name: 'loose', format: 'maven', layoutPolicy: 'permissive' },
      ],
    })
    dora = new MavenDeployment(house, '/acme/mvn')
  })
  afterEach(() => house.close())

  /** [address, text] of every link. */
  const links = async (path: string) => {
    const page = await dora.get(path)
    expect([path, page.status, page.headers['content-type']]).to.deep.equal([path, 200, 'text/html; charset=utf-8'])
    return [...page.text().matchAll(/<a href="([^"]*)" rel="nofollow">([^<]*)<\/a>/g)].map(([, href, text]) => [href, text])
  }
  const names = async (path: string) => (await links(path)).map(([, text]) => text)

  it('show groups, artifacts, versions and files, each link as Ivy wants it: text and address the same', async () => {
    await dora.release(lib, 'jar')
    await dora.release({ ...lib, version: '1.1+x~y' }, 'jar')
    await dora.snapshot({ ...lib, version: '2.0-SNAPSHOT' }, '20260131.115959-1', {
      '.jar': 'jar',
      '.pom': pomOf({ ...lib, version: '2.0-SNAPSHOT' }),
    })
    const page = await dora.get('org/demo/')
    expect(page.text()).to.equal(
      [
        '<!DOCTYPE html>',
        '<html><head><meta charset="utf-8"><title>Index of /org/demo</title></head><body><h1>Index of /org/demo</h1>',
        '<pre>',
        '<a href="../" rel="nofollow">../</a>',
        '<a href="lib/" rel="nofollow">lib/</a>',
        '</pre>',
        '</body></html>',
        '',
      ].join('\n'),
    )
    expect(page.headers).to.include({ 'cache-control': 'private, no-cache' })
    expect(await links('')).to.deep.equal([['org/', 'org/']])
    const versions = ['1.0/', '1.1+x~y/', '2.0-SNAPSHOT/']
    expect(await links('org/demo/lib/')).to.deep.equal(['../', 'maven-metadata.xml', ...versions].map((name) => [name, name]))
    expect(await names('org/demo/lib/1.0/')).to.deep.equal(['../', 'lib-1.0.jar', 'lib-1.0.pom'])
    expect(await names('org/demo/lib/2.0-SNAPSHOT/')).to.deep.equal([
      '../',
      'maven-metadata.xml',
      'lib-2.0-20260131.115959-1.jar',
      'lib-2.0-20260131.115959-1.pom',
    ])
  })

  it('show nothing that is not published yet', async () => {
    await dora.release(lib, 'jar')
    await dora.put('org/demo/lib/2.0/lib-2.0.jar', 'open')
    await dora.put('org/demo/lib/1.0/lib-1.0-late.jar', 'late')
    expect(await names('org/demo/lib/')).to.deep.equal(['../', 'maven-metadata.xml', '1.0/'])
    expect(await names('org/demo/lib/1.0/')).to.deep.equal(['../', 'lib-1.0.jar', 'lib-1.0.pom'])
    expect((await dora.get('org/demo/lib/2.0/')).status).to.equal(404)
    expect((await dora.get('org/demo/lib/2.0')).status).to.equal(404)
    expect((await dora.get('org/demo/lib/2.0/lib-2.0.jar')).text()).to.equal('open')
  })

  it('show no artifact and no group in which nothing is published yet', async () => {
    await dora.put('org/demo/next/1.0/next-1.0.jar', 'open')
    await dora.put('org/far/away/1.0/away-1.0.jar', 'open')
    for (const path of ['org/', 'org/demo/', 'org/demo/next/', 'org/far/', 'org/far', 'org/demo'])
      expect((await dora.get(path)).status, path).to.equal(404)
    expect(await names('')).to.deep.equal([])
    await dora.release(lib, 'jar')
    expect(await names('')).to.deep.equal(['org/'])
    expect(await names('org/')).to.deep.equal(['../', 'demo/'])
    expect(await names('org/demo/')).to.deep.equal(['../', 'lib/'])
    await dora.release({ group: 'org.demo', artifact: 'next', version: '1.0' }, 'open')
    expect(await names('org/demo/')).to.deep.equal(['../', 'lib/', 'next/'])
  })

  it('show what a permissive repository keeps beside its artifacts, written so that no name is markup', async () => {
    const loose = new MavenDeployment(house, '/acme/loose')
    expect((await loose.put("org/demo/lib/1.0/a&b'c%20d%3Ce%3E.txt", 'x')).status).to.equal(201)
    const page = (await loose.get('org/demo/lib/1.0/')).text()
    expect(page).to.contain('<a href="a%26b%27c%20d%3Ce%3E.txt" rel="nofollow">a&amp;b&#39;c d&lt;e&gt;.txt</a>')
  })

  it('are led to from their address without the slash, relative to it, and a missing one is 404 in plain text', async () => {
    await dora.release(lib, 'jar')
    for (const [path, location] of [
      ['org/demo/lib', './lib/'],
      ['org', './org/'],
      ['', './mvn/'],
    ]) {
      const answer = await house.call('GET', `/acme/mvn${path === '' ? '' : `/${path}`}`)
      expect([path, answer.status, answer.headers['location']]).to.deep.equal([path, 302, location])
    }
    for (const path of ['org/none/', 'org/none', 'org/demo/lib/1.0/lib-1.0.jar/']) {
      const missing = await dora.get(path)
      expect([path, missing.status, missing.headers['content-type']]).to.deep.equal([path, 404, 'text/plain; charset=utf-8'])
    }
    expect((await house.call('GET', '/acme/mvn/org/', { as: 'nobody' })).status).to.equal(401)
    expect((await house.call('GET', '/acme/mvn/org/none/', { as: 'nobody' })).status).to.equal(401)
  })

  it('come in pages where somebody asks for pages', async () => {
    for (const version of ['1.0', '1.1', '1.2', '1.3', '1.4']) await dora.release({ ...lib, version }, version)
    const page = await links('org/demo/lib/?limit=2')
    expect(page).to.deep.equal([
      ['../', '../'],
      ['maven-metadata.xml', 'maven-metadata.xml'],
      ['1.0/', '1.0/'],
      ['1.1/', '1.1/'],
      ['?after=1.1&amp;limit=2', 'next page'],
    ])
    expect(await names('org/demo/lib/?after=1.1&limit=2')).to.deep.equal(['../', '1.2/', '1.3/', 'next page'])
    expect(await names('org/demo/lib/?after=1.3&limit=2')).to.deep.equal(['../', '1.4/'])
    expect((await dora.get('org/demo/lib/?limit=none')).status).to.equal(400)
  })
})
