import { expect } from 'chai'
import { obtain } from '../client-cache.js'
import { mavenLibraries } from '../java-tools.js'
import { JvmWorkplace } from '../jvm-workplace.js'
import { Server } from '../server.js'

describe('coursier 2.1.24', function () {
  this.timeout(300_000)
  let server: Server | undefined
  let libraries: string
  let place: JvmWorkplace

  before(async function () {
    libraries = await obtain(this, 'coursier 2.1.24', () => mavenLibraries('io.get-coursier:coursier-cli_2.13:2.1.24'))
    server = await Server.start()
    const target = await server.target('maven')
    place = await JvmWorkplace.open(target, {
      COURSIER_CREDENTIALS: `127.0.0.1(${target.org}) ci:${target.token}`,
    })
  })
  after(async () => {
    await place?.close()
    await server?.stop()
  })

  /** Names of the files that it fetched. */
  async function fetched(dependency: string, ...more: readonly string[]): Promise<readonly string[]> {
    await place.forget('cache')
    const args = ['fetch', '--no-default', '--cache', 'cache', '-r', place.url, ...more, dependency]
    const { stdout } = await place.java(['-cp', `${libraries}/*`, 'coursier.cli.Coursier', ...args])
    return stdout
      .trim()
      .split('\n')
      .map((path) => path.slice(path.lastIndexOf('/') + 1))
  }

  it('fetches by version, by range and the latest release, its checksums verified', async () => {
    await place.deploy('lib', '1.0')
    await place.deploy('lib', '1.1')
    await place.deploy('lib', '2.0-SNAPSHOT')
    for (const [version, file] of [
      ['1.0', 'lib-1.0.jar'],
      ['[1.0,1.9]', 'lib-1.1.jar'],
      ['1.+', 'lib-1.1.jar'],
      ['latest.release', 'lib-1.1.jar'],
    ])
      expect([version, await fetched(`org.demo:lib:${version}`, '--checksum', 'SHA-256,SHA-1')]).to.deep.equal([version, [file]])
  })

  it('fetches a snapshot of whose files it asks for the literal name', async () => {
    const build = '1.1-20260131.115959-1'
    const folder = 'org/demo/snap/1.1-SNAPSHOT'
    const pom = `<project><modelVersion>4.0.0</modelVersion><groupId>org.demo</groupId><artifactId>snap</artifactId><version>1.1-SNAPSHOT</version></project>`
    await place.http('PUT', `${folder}/snap-${build}.pom`, pom)
    await place.http('PUT', `${folder}/snap-${build}.jar`, 'jar')
    const entry = (extension: string) =>
      `<snapshotVersion><extension>${extension}</extension><value>${build}</value><updated>20260131115959</updated></snapshotVersion>`
    await place.http(
      'PUT',
      `${folder}/maven-metadata.xml`,
      `<metadata><groupId>org.demo</groupId><artifactId>snap</artifactId><version>1.1-SNAPSHOT</version><versioning><snapshot><timestamp>20260131.115959</timestamp><buildNumber>1</buildNumber></snapshot><snapshotVersions>${entry('pom')}${entry('jar')}</snapshotVersions></versioning></metadata>`,
    )
    expect(await fetched('org.demo:snap:1.1-SNAPSHOT')).to.deep.equal(['snap-1.1-SNAPSHOT.jar'])
  })

  it('completes a group, an artifact and its versions', async () => {
    const complete = async (prefix: string) =>
      (
        await place.java([
          '-cp',
          `${libraries}/*`,
          'coursier.cli.Coursier',
          'complete-dep',
          '--no-default',
          '--cache',
          'cache',
          '-r',
          place.url,
          prefix,
        ])
      ).stdout.trim()
    expect(await complete('org.demo:lib:1')).to.equal('1.0\n1.1')
    expect(await complete('org.demo:')).to.equal('lib\nsnap')
  })
})
