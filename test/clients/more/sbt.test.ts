import { expect } from 'chai'
import { obtain } from '../client-cache.js'
import { mavenFile } from '../java-tools.js'
import { JvmWorkplace } from '../jvm-workplace.js'
import { Server } from '../server.js'

describe('sbt 1.11.7', function () {
  this.timeout(600_000)
  let server: Server | undefined
  let launcher: string
  let place: JvmWorkplace

  before(async function () {
    launcher = await obtain(this, 'sbt 1.11.7', () => mavenFile('org.scala-sbt:sbt-launch:1.11.7'))
    server = await Server.start()
    place = await JvmWorkplace.open(await server.target('maven'))
    const { url, target } = place
    await place.write('home/credentials', `realm=${target.org}\nhost=127.0.0.1\nuser=ci\npassword=${target.token}\n`)
    const common = (name: string) => `
      name := "${name}"
      organization := "org.demo"
      version := sys.props("made")
      crossPaths := false
      autoScalaLibrary := false
      credentials += Credentials(file("${place.folder}/home/credentials"))
      resolvers += ("house" at "${url}").withAllowInsecureProtocol(true)
      publishTo := Some(("house" at "${url}").withAllowInsecureProtocol(true))
    `
    for (const name of ['lib', 'app']) await place.write(`${name}/project/build.properties`, 'sbt.version=1.11.7\n')
    await place.write('lib/build.sbt', common('lib'))
    await place.write('lib/src/main/java/Word.java', 'public class Word {}')
    await place.write('app/build.sbt', `${common('app')}\nlibraryDependencies += "org.demo" % "lib" % sys.props("wanted")`)
  })
  after(async () => {
    await place?.close()
    await server?.stop()
  })

  // With a server of its own, or with a terminal to ask, it waits for whoever is not there.
  const sbt = (project: string, properties: readonly string[], ...commands: readonly string[]) => {
    const quiet = ['-Dsbt.supershell=false', '-Dsbt.server.forcestart=false', '-Djline.terminal=none', '-Dsbt.color=false']
    return place.java([...quiet, ...properties, '-jar', launcher, ...commands], project)
  }

  it('publishes a release with its checksums', async () => {
    await sbt('lib', ['-Dmade=1.0'], 'publish')
    const listed = await place.http('GET', 'org/demo/lib/1.0/lib-1.0.jar.sha1')
    expect(listed).to.match(/^[0-9a-f]{40}$/)
    await place.complete('lib', '1.0')
    expect(await place.versions('lib')).to.deep.equal(['1.0'])
  })

  it('resolves it, with the credentials of its realm', async () => {
    const { output } = await sbt('app', ['-Dmade=1.0', '-Dwanted=1.0'], 'show Compile / dependencyClasspath')
    expect(output).to.match(/lib-1\.0\.jar/)
  })
})
