import { expect } from 'chai'
import { pomOf } from '../../support/maven-deployment.js'
import { buildZip } from '../../support/zip-builder.js'
import { obtain } from '../client-cache.js'
import { mavenFile } from '../java-tools.js'
import { JvmWorkplace } from '../jvm-workplace.js'
import { Server } from '../server.js'

describe('Ivy 2.5.3', function () {
  this.timeout(300_000)
  let server: Server | undefined
  let ivy: string
  let place: JvmWorkplace

  before(async function () {
    ivy = await obtain(this, 'Ivy 2.5.3', () => mavenFile('org.apache.ivy:ivy:2.5.3'))
    server = await Server.start()
    await server.cli('repository', 'create', 'main', 'ivy', '--format', 'maven', '--layout-policy', 'permissive')
    place = await JvmWorkplace.open(await server.target('ivy'))
    const { url, target } = place
    await place.write(
      'settings.xml',
      `<ivysettings><settings defaultResolver="metadata"/>
        <credentials host="127.0.0.1" realm="${target.org}" username="ci" passwd="${target.token}"/>
        <resolvers>
          <ibiblio name="metadata" m2compatible="true" root="${url}"/>
          <url name="out" m2compatible="true"><artifact pattern="${url}[organisation]/[module]/[revision]/[artifact]-[revision].[ext]"/></url>
          <url name="listing" m2compatible="true">
            <ivy pattern="${url}[organisation]/[module]/[revision]/[module]-[revision].pom"/>
            <artifact pattern="${url}[organisation]/[module]/[revision]/[artifact]-[revision].[ext]"/>
          </url>
        </resolvers>
      </ivysettings>`,
    )
  })
  after(async () => {
    await place?.close()
    await server?.stop()
  })

  const call = (...args: readonly string[]) => place.java(['-jar', ivy, '-settings', 'settings.xml', '-cache', 'cache', ...args])

  async function publish(version: string): Promise<void> {
    await place.write('made/lib.jar', buildZip([{ name: 'word.txt', content: version }]))
    await place.write('made/lib.pom', pomOf({ group: 'org.demo', artifact: 'lib', version }))
    await place.write(
      'ivy.xml',
      `<ivy-module version="2.0"><info organisation="org.demo" module="lib" revision="${version}"/>
        <publications><artifact name="lib" type="jar" ext="jar"/><artifact name="lib" type="pom" ext="pom"/></publications></ivy-module>`,
    )
    await call('-ivy', 'ivy.xml', '-publish', 'out', '-publishpattern', 'made/[artifact].[ext]', '-revision', version)
  }
  async function resolve(resolver: string, revision: string): Promise<readonly string[]> {
    await place.forget('cache')
    await place.forget('got')
    const settings = (await place.read('settings.xml')).replace(/defaultResolver="\w+"/, `defaultResolver="${resolver}"`)
    await place.write('settings.xml', settings)
    await call('-dependency', 'org.demo', 'lib', revision, '-confs', 'default', '-retrieve', 'got/[artifact]-[revision].[ext]')
    return place.names('got')
  }

  it('publishes jar, POM and its own ivy.xml into a permissive repository', async () => {
    await publish('1.0')
    await publish('1.1')
    expect(await place.http('GET', 'org/demo/lib/1.0/ivy-1.0.xml')).to.contain('organisation="org.demo"')
    expect(await resolve('metadata', '1.0')).to.deep.equal(['lib-1.0.jar'])
    await place.complete('lib', '1.0')
    await place.complete('lib', '1.1')
    expect(await place.versions('lib')).to.deep.equal(['1.0', '1.1'])
  })

  it('resolves dynamic versions by maven-metadata.xml, and by the listing alone', async () => {
    for (const resolver of ['metadata', 'listing'])
      for (const revision of ['1.+', 'latest.release', '[1.0,2.0['])
        expect([resolver, revision, await resolve(resolver, revision)]).to.deep.equal([resolver, revision, ['lib-1.1.jar']])
  })
})
