import { expect } from 'chai'
import { obtain } from '../client-cache.js'
import { withVersion } from '../client-version.js'
import { debianTool } from '../debian-tools.js'
import { JvmWorkplace } from '../jvm-workplace.js'
import { Server } from '../server.js'

describe(withVersion('Leiningen', 'lein'), function () {
  this.timeout(300_000)
  let server: Server | undefined
  let lein: string
  let place: JvmWorkplace

  before(async function () {
    lein = await obtain(this, 'Leiningen', () => debianTool('lein', 'leiningen'))
    server = await Server.start()
    const target = await server.target('maven')
    place = await JvmWorkplace.open(target)
    const house = `{:url "${place.url}" :username "ci" :password "${target.token}" :sign-releases false :checksum :fail}`
    // It speaks plain http only where a project says so.
    const plain = `(require 'cemerick.pomegranate.aether)
      (cemerick.pomegranate.aether/register-wagon-factory! "http" #(org.apache.maven.wagon.providers.http.HttpWagon.))`
    const project = (name: string, version: string, dependencies: string) =>
      `${plain}\n(defproject org.demo/${name} "${version}" :description "a word" :dependencies [${dependencies}]
        :repositories ^:replace [["house" ${house}]] :deploy-repositories [["house" ${house}]] :local-repo "m2")`
    await place.write('lib/project.clj', project('lib', '1.0', ''))
    await place.write('app/project.clj', project('app', '1.0', '[org.demo/lib "1.0"]'))
  })
  after(async () => {
    await place?.close()
    await server?.stop()
  })

  it('deploys a release with a token, and resolves it with its checksums verified', async () => {
    await place.succeed(lein, ['deploy', 'house'], 'lib')
    expect(await place.versions('lib')).to.deep.equal(['1.0'])
    const { output } = await place.succeed(lein, ['with-profile', 'production', 'classpath'], 'app')
    expect(output).to.contain('org/demo/lib/1.0/lib-1.0.jar')
    expect(await place.names('app/m2/org/demo/lib/1.0')).to.include('lib-1.0.jar')
  })
})
