import { expect } from 'chai'
import { pomOf } from '../../support/maven-deployment.js'
import { buildZip } from '../../support/zip-builder.js'
import { obtain } from '../client-cache.js'
import { mavenFile, mavenLibraries } from '../java-tools.js'
import { JvmWorkplace } from '../jvm-workplace.js'
import { Server } from '../server.js'

describe('Ant 1.10.15 with resolver tasks 1.5.2', function () {
  this.timeout(300_000)
  let server: Server | undefined
  let ant: string
  let tasks: string
  let place: JvmWorkplace

  before(async function () {
    ant = await obtain(this, 'Ant 1.10.15', () => mavenLibraries('org.apache.ant:ant:1.10.15'))
    tasks = await obtain(this, 'resolver tasks 1.5.2', () =>
      mavenFile('org.apache.maven.resolver:maven-resolver-ant-tasks:1.5.2:jar:uber'),
    )
    server = await Server.start()
    place = await JvmWorkplace.open(await server.target('maven'))
    const { url, target } = place
    await place.write(
      'build.xml',
      `<project xmlns:r="antlib:org.apache.maven.resolver.ant">
        <taskdef uri="antlib:org.apache.maven.resolver.ant" resource="org/apache/maven/resolver/ant/antlib.xml" classpath="${tasks}"/>
        <r:authentication id="auth" username="ci" password="${target.token}"/>
        <r:remoterepo id="house" url="${url}" releases="true" snapshots="true" checksums="fail"><r:authentication refid="auth"/></r:remoterepo>
        <r:localrepo dir="m2"/>
        <target name="deploy"><r:pom id="pom" file="pom.xml"/>
          <r:artifacts id="files"><r:artifact file="lib.jar" type="jar"/></r:artifacts>
          <r:deploy><r:pom refid="pom"/><r:artifacts refid="files"/><r:remoterepo refid="house"/></r:deploy></target>
        <target name="resolve"><r:resolve><r:dependencies><r:dependency coords="org.demo:lib:\${version}"/></r:dependencies>
          <r:remoterepos><r:remoterepo refid="house"/></r:remoterepos><r:files dir="got" layout="{artifactId}-{baseVersion}.{extension}"/></r:resolve></target>
      </project>`,
    )
  })
  after(async () => {
    await place?.close()
    await server?.stop()
  })

  const call = (...args: readonly string[]) => place.java(['-cp', `${ant}/*`, 'org.apache.tools.ant.launch.Launcher', ...args])

  it('deploys a release and a snapshot with a token, and resolves them by version and range', async () => {
    for (const version of ['1.0', '1.1', '2.0-SNAPSHOT']) {
      await place.write('lib.jar', buildZip([{ name: 'word.txt', content: version }]))
      await place.write('pom.xml', pomOf({ group: 'org.demo', artifact: 'lib', version }))
      await call('deploy')
    }
    expect(await place.versions('lib')).to.deep.equal(['1.0', '1.1', '2.0-SNAPSHOT'])
    for (const [version, file] of [
      ['1.0', 'lib-1.0.jar'],
      ['[1.0,1.9]', 'lib-1.1.jar'],
      ['2.0-SNAPSHOT', 'lib-2.0-SNAPSHOT.jar'],
    ]) {
      await place.forget('m2')
      await place.forget('got')
      await call(`-Dversion=${version}`, 'resolve')
      expect([version, await place.names('got')]).to.deep.equal([version, [file]])
    }
  })
})
