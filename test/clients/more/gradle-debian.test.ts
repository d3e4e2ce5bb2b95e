import { expect } from 'chai'
import { pomOf } from '../../support/maven-deployment.js'
import { buildZip } from '../../support/zip-builder.js'
import { obtain } from '../client-cache.js'
import { withVersion } from '../client-version.js'
import { debianTool } from '../debian-tools.js'
import { JvmWorkplace } from '../jvm-workplace.js'
import { Server } from '../server.js'

/** An old major, which reads of a snapshot's metadata nothing but the one build that `<snapshot>` names. */
describe(withVersion('Gradle', 'gradle'), function () {
  this.timeout(600_000)
  let server: Server | undefined
  let place: JvmWorkplace

  before(async function () {
    await obtain(this, 'Gradle of Debian', () => debianTool('gradle'))
    server = await Server.start()
    const target = await server.target('maven')
    place = await JvmWorkplace.open(target, { REPO_TOKEN: target.token })
    await place.write('app/settings.gradle', "rootProject.name = 'app'")
    await place.write(
      'app/build.gradle',
      `apply plugin: 'java'
       repositories { maven { url '${place.url}'
         credentials { username 'ci'; password System.getenv('REPO_TOKEN') } } }
       configurations.all { resolutionStrategy.cacheDynamicVersionsFor 0, 'seconds'; resolutionStrategy.cacheChangingModulesFor 0, 'seconds' }
       dependencies { compile "org.demo:lib:\${project.findProperty('wanted')}" }
       task got(type: Sync) { from configurations.compile; into 'got' }`,
    )
  })
  after(async () => {
    await place?.close()
    await server?.stop()
  })

  const got = async (wanted: string) => {
    const home = ['--gradle-user-home', `${place.folder}/user-home`]
    await place.succeed('gradle', ['--no-daemon', ...home, `-Pwanted=${wanted}`, 'got'], 'app')
    return place.names('app/got')
  }
  /** One build of 2.0-SNAPSHOT as clients send it, whose own metadata names it in `<snapshot>`. */
  const build = async (timestamp: string, number: number, files: Readonly<Record<string, string | Uint8Array>>) => {
    const folder = 'org/demo/lib/2.0-SNAPSHOT'
    for (const [tail, content] of Object.entries(files))
      await place.http('PUT', `${folder}/lib-2.0-${timestamp}-${number}${tail}`, content)
    const snapshot = `<snapshot><timestamp>${timestamp}</timestamp><buildNumber>${number}</buildNumber></snapshot>`
    const metadata = `<metadata><groupId>org.demo</groupId><artifactId>lib</artifactId><version>2.0-SNAPSHOT</version><versioning>${snapshot}</versioning></metadata>`
    await place.http('PUT', `${folder}/maven-metadata.xml`, metadata)
  }

  it('resolves by version, dynamic version and range', async () => {
    for (const version of ['1.0', '1.1', '1.10']) await place.deploy('lib', version)
    expect(await got('1.0')).to.deep.equal(['lib-1.0.jar'])
    expect(await got('1.+')).to.deep.equal(['lib-1.10.jar'])
    expect(await got('[1.0,1.9]')).to.deep.equal(['lib-1.1.jar'])
    await place.deploy('lib', '1.11')
    expect(await got('latest.release')).to.deep.equal(['lib-1.11.jar'])
  })

  it('resolves a snapshot although its last deployment brought an attachment alone, and the next build at once', async () => {
    const jar = (word: string) => buildZip([{ name: 'word.txt', content: word }])
    const pom = pomOf({ group: 'org.demo', artifact: 'lib', version: '2.0-SNAPSHOT' })
    await build('20260131.115959', 1, { '.jar': jar('one'), '.pom': pom })
    await build('20260131.120001', 2, { '-docs.jar': jar('docs') })
    expect(await got('2.0-SNAPSHOT')).to.have.lengthOf(1)
    const size = async () => (await place.read(`app/got/${(await place.names('app/got'))[0]}`)).includes('two')
    expect(await size()).to.equal(false)
    await build('20260131.120002', 2, { '.jar': buildZip([{ name: 'two', content: 'x' }]), '.pom': pom })
    await got('2.0-SNAPSHOT')
    expect(await size()).to.equal(true)
  })
})
