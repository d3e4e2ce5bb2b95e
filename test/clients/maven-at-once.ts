import { expect } from 'chai'
import { obtain } from './client-cache.js'
import type { MavenTool } from './maven-tools.js'
import { MavenWorkplace } from './maven-workplace.js'
import { Server } from './server.js'

/** Several processes of Maven that deploy at the same moment, as jobs of a build server do; `name`: client and version. */
export function mavenAtOnce(name: string, install: () => Promise<MavenTool>): void {
  describe(`${name}, several at once`, function () {
    this.timeout(600_000)
    let server: Server | undefined
    const places: MavenWorkplace[] = []

    before(async function () {
      const tool = await obtain(this, name, install)
      server = await Server.start()
      const target = await server.target('maven')
      for (let at = 0; at < 6; at++) places.push(await MavenWorkplace.open(tool, target, { name: 'ci', secret: target.token }))
    })
    after(async () => {
      for (const place of places) await place.close()
      await server?.stop()
    })
    const deploy = (versions: readonly string[]) =>
      Promise.all(versions.map((version, at) => places[at]?.deploy(version, `hello from ${at}`, '-Dmaven.test.skip=true')))

    it('lists six releases that were deployed at once', async () => {
      const versions = ['3.1', '3.2', '3.3', '3.4', '3.5', '3.6']
      for (const ran of await deploy(versions)) expect(ran?.status, ran?.output).to.equal(0)
      const metadata = await text('maven-metadata.xml')
      expect(metadata.match(/(?<=<version>)[^<]+/g)).to.deep.equal(versions)
      expect(metadata).to.include('<release>3.6</release>')
    })

    it('never mixes the files of four builds of one snapshot', async () => {
      const ended = await deploy(Array.from({ length: 4 }, () => '4.0-SNAPSHOT'))
      const done = ended.filter((ran) => ran?.status === 0)
      expect(done, ended.map((ran) => ran?.output).join('\n')).to.not.be.empty
      // Clients number builds themselves: whoever had the name of somebody else's, to the second, is told so.
      for (const ran of ended) if (ran?.status !== 0) expect(ran?.output).to.match(/409/)
      const names = (await text('4.0-SNAPSHOT/')).match(/(?<=>)lib-4\.0-\d{8}\.\d{6}-\d+\.(?:jar|pom)(?=<)/g) ?? []
      const builds = new Set(names.map((file) => file.replace(/\.\w+$/, '')))
      expect(builds.size).to.equal(done.length)
      expect([...names].sort()).to.deep.equal([...builds].flatMap((build) => [`${build}.jar`, `${build}.pom`]).sort())
      const metadata = await text('4.0-SNAPSHOT/maven-metadata.xml')
      const named = new Set(metadata.match(/(?<=<value>)[^<]+/g))
      expect(named.size, 'one build is the newest of every file').to.equal(1)
      const [snapshot] = named
      expect(`4.0-${/<timestamp>(.*?)</.exec(metadata)?.[1]}-${/<buildNumber>(.*?)</.exec(metadata)?.[1]}`).to.equal(snapshot)
      await places[0]?.forget()
      expect(await places[0]?.greet('4.0-SNAPSHOT')).to.match(/^hello from [0-3]$/)
    })

    async function text(path: string): Promise<string> {
      const answer = await fetch(`${places[0]?.url}org/demo/lib/${path}`, {
        headers: { authorization: `Bearer ${places[0]?.secret}` },
      })
      expect(answer.status).to.equal(200)
      return answer.text()
    }
  })
}
