import { expect } from 'chai'
import { obtain } from './client-cache.js'
import type { MavenTool } from './maven-tools.js'
import { MavenWorkplace } from './maven-workplace.js'
import { type ClientTarget, Server } from './server.js'

/** What every Maven does here; `name`: client and version. */
export function mavenFlow(name: string, install: () => Promise<MavenTool>): void {
  describe(name, function () {
    this.timeout(600_000)
    let server: Server | undefined
    let tool: MavenTool
    let target: ClientTarget

    before(async function () {
      tool = await obtain(this, name, install)
      server = await Server.start()
      target = await server.target('maven')
    })
    after(() => server?.stop())

    it('deploys a release and a snapshot into an empty repository with a token, and resolves by version, range and -SNAPSHOT', async () => {
      const place = await MavenWorkplace.open(tool, target, { name: 'ci', secret: target.token })
      try {
        for (const [version, greeting] of [
          ['1.0', 'hello from 1.0'],
          ['1.1', 'hello from 1.1'],
          ['2.0-SNAPSHOT', 'hello from the first build'],
          ['2.0-SNAPSHOT', 'hello from the second build'],
        ] as const) {
          const deployed = await place.deploy(version, greeting)
          expect(deployed.status, deployed.output).to.equal(0)
        }
        for (const [version, greeting] of [
          ['1.0', 'hello from 1.0'],
          ['[1.0,1.9]', 'hello from 1.1'],
          ['2.0-SNAPSHOT', 'hello from the second build'],
        ] as const) {
          await place.forget()
          expect(await place.greet(version)).to.equal(greeting)
        }
        const again = await place.deploy('1.0', 'other bytes')
        expect(again.status).to.not.equal(0)
        expect(again.output).to.match(/409/)
        // Maven 4 shows its user the status of a refused upload, and neither its reason phrase nor its problem document.
        if (!name.startsWith('Maven 4.')) expect(again.output).to.match(/Release is immutable/)
        await place.forget()
        expect(await place.greet('1.0')).to.equal('hello from 1.0')
      } finally {
        await place.close()
      }
    })

    it('works with name and password, and says what is wrong with other ones', async () => {
      const place = await MavenWorkplace.open(tool, target, { name: target.login, secret: target.password })
      try {
        const deployed = await place.deploy('3.0', 'hello by password')
        expect(deployed.status, deployed.output).to.equal(0)
        await place.forget()
        expect(await place.greet('3.0')).to.equal('hello by password')
      } finally {
        await place.close()
      }
      const wrong = await MavenWorkplace.open(tool, target, { name: target.login, secret: 'not the password' })
      try {
        const refused = await wrong.deploy('4.0', 'hello by nobody')
        expect(refused.status).to.not.equal(0)
        expect(refused.output).to.match(/401|authentication failed|Unauthorized|too many authentication attempts/i)
      } finally {
        await wrong.close()
      }
    })
  })
}
