import { expect } from 'chai'
import { obtain } from '../client-cache.js'
import { gradle } from '../gradle-tools.js'
import { JvmWorkplace } from '../jvm-workplace.js'
import { Server } from '../server.js'

describe('Gradle 8.10', function () {
  this.timeout(600_000)
  let server: Server | undefined
  let words: readonly string[]
  let place: JvmWorkplace

  before(async function () {
    words = await obtain(this, 'Gradle 8.10', () => gradle('8.10'))
    server = await Server.start()
    const target = await server.target('maven')
    place = await JvmWorkplace.open(target, { REPO_TOKEN: target.token })
    const house = `maven { url = '${place.url}'; allowInsecureProtocol = true
      credentials { username = 'ci'; password = System.getenv('REPO_TOKEN') } }`
    await place.write('lib/settings.gradle', "rootProject.name = 'lib'")
    await place.write(
      'lib/build.gradle',
      `plugins { id 'java-library'; id 'maven-publish' }
       group = 'org.demo'; version = project.findProperty('made')
       java { withSourcesJar() }
       publishing { publications { lib(MavenPublication) { from components.java } }
         repositories { ${house} } }`,
    )
    await place.write('lib/src/main/resources/word.txt', 'a word')
    await place.write('app/settings.gradle', "rootProject.name = 'app'")
    await place.write(
      'app/build.gradle',
      `plugins { id 'java' }
       repositories { ${house} }
       configurations.all { resolutionStrategy.cacheDynamicVersionsFor 0, 'seconds'; resolutionStrategy.cacheChangingModulesFor 0, 'seconds' }
       dependencies { implementation "org.demo:lib:\${project.findProperty('wanted')}" }
       tasks.register('got', Sync) { from configurations.compileClasspath; into 'got' }`,
    )
  })
  after(async () => {
    await place?.close()
    await server?.stop()
  })

  const call = (project: string, ...more: readonly string[]) => place.java([...words, 'user-home', project, ...more])

  it('publishes releases and two builds of a snapshot with module metadata, with a token', async () => {
    for (const version of ['1.0', '1.1', '2.0-SNAPSHOT', '2.0-SNAPSHOT']) await call('lib', `-Pmade=${version}`, 'publish')
    expect(await place.versions('lib')).to.deep.equal(['1.0', '1.1', '2.0-SNAPSHOT'])
    expect(await place.http('GET', 'org/demo/lib/1.1/lib-1.1.module')).to.contain('"formatVersion"')
    expect(await place.http('GET', 'org/demo/lib/2.0-SNAPSHOT/maven-metadata.xml')).to.contain('<buildNumber>2</buildNumber>')
  })

  it('resolves by version, dynamic version, range and -SNAPSHOT', async () => {
    for (const [version, file] of [
      ['1.0', /^lib-1\.0\.jar$/],
      ['1.+', /^lib-1\.1\.jar$/],
      ['[1.0,1.9]', /^lib-1\.1\.jar$/],
      ['latest.release', /^lib-1\.1\.jar$/],
      ['2.0-SNAPSHOT', /^lib-2\.0-.*\.jar$/],
    ] as const) {
      await place.forget('user-home')
      await call('app', `-Pwanted=${version}`, 'got')
      const got = await place.names('app/got')
      expect(got, version).to.have.lengthOf(1)
      expect(got[0], version).to.match(file)
    }
  })
})
