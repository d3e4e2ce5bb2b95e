import { Agent, request } from 'node:http'
import { Server } from '../clients/server.js'
import { pomOf } from '../support/maven-deployment.js'
import { median } from './process-cpu.js'

/** An artifact with a hundred versions in a group of a hundred Maven plugins, and one with many in a group of as many, on one server: what a deployment,
 *  the metadata and the listing take. The two take turns, so that whatever else the machine does weighs on both. Bodies are small: the time is the server's. */
const full = Number(process.env['BENCH_VERSIONS'] ?? 10_000)
const few = 100
const rounds = Number(process.env['BENCH_ROUNDS'] ?? 31)
const agent = new Agent({ keepAlive: true })

const server = await Server.start()
try {
  const { org, token } = await server.target('maven')
  const base = `${server.url}/${org}/maven`
  const authorization = `Bearer ${token}`
  const send = async (method: string, path: string, body?: string) => {
    const answer = await fetch(`${base}/${path}`, { method, headers: { authorization }, ...(body === undefined ? {} : { body }) })
    const text = await answer.text()
    if (!answer.ok) throw new Error(`${method} ${path} was answered ${answer.status}: ${text.slice(0, 300)}`)
    return text
  }
  /** What arrives, without the client's own work on it. */
  const receive = (path: string) =>
    new Promise<void>((resolve, reject) => {
      const asked = request(`${base}/${path}`, { headers: { authorization, 'accept-encoding': 'gzip' }, agent }, (answer) => {
        answer.on('error', reject).on('end', resolve).resume()
      })
      asked.on('error', reject).end()
    })
  const versionOf = (n: number) => `${Math.floor(n / 100)}.${n % 100}`
  const metadataOf = (group: string, artifact: string, versions: readonly string[]) =>
    `<metadata><groupId>org.${group}</groupId><artifactId>${artifact}</artifactId><versioning><release>${versions.at(-1)}</release><versions>${versions.map((version) => `<version>${version}</version>`).join('')}</versions></versioning></metadata>`
  const lib = 'lib-maven-plugin'

  /** A group, one artifact of it with many versions, and as many other plugins. */
  class Group {
    private versions = 0
    private plugins = 0
    readonly times: Record<string, number[]> = {}
    constructor(readonly name: string) {}

    async fill(count: number): Promise<void> {
      const one = async () => {
        while (this.versions < count || this.plugins < count)
          if (this.versions < count) await this.deploy(lib, versionOf(this.versions++))
          else await this.deploy(`p${this.plugins++}-maven-plugin`, '1.0')
      }
      await Promise.all(Array.from({ length: 8 }, one))
    }

    async round(): Promise<void> {
      const artifact = `org/${this.name}/${lib}`
      const group = `org/${this.name}/maven-metadata.xml`
      const known = Array.from({ length: this.versions }, (_, n) => versionOf(n))
      await this.take('deploy: POM, jar, metadata that names the version', () => this.deploy(lib, versionOf(this.versions++)))
      await this.take('metadata of the artifact, first read after a deploy', () => send('GET', `${artifact}/maven-metadata.xml`))
      await this.take('metadata of the artifact, again', () => send('GET', `${artifact}/maven-metadata.xml`))
      await this.take('its checksum', () => send('GET', `${artifact}/maven-metadata.xml.sha1`))
      await this.take('deploy with the metadata that Maven sends, all versions', () =>
        this.deploy(lib, versionOf(this.versions++), known),
      )
      await this.take('page of 100 versions', () => send('GET', `${artifact}/?limit=100`))
      const end = versionOf(Math.max(this.versions - 100, 0))
      await this.take('page of 100 versions, towards the end', () => send('GET', `${artifact}/?limit=100&after=${end}`))
      await this.take('one page with all versions', () => send('GET', `${artifact}/`))
      await this.take('deploy of a new plugin into the group', () => this.deploy(`p${this.plugins++}-maven-plugin`, '1.0'))
      await this.take('metadata of the group, first read after a deploy', () => send('GET', group))
      await this.take('metadata of the group, again', () => send('GET', group))
      await this.take('the same as it crosses the wire, compressed', () => receive(group))
      await this.take('download of a jar', () => send('GET', `${artifact}/0.1/${lib}-0.1.jar`))
    }

    private async deploy(artifact: string, version: string, known: readonly string[] = []): Promise<void> {
      const folder = `org/${this.name}/${artifact}`
      const place = `${folder}/${version}/${artifact}-${version}`
      const pom = pomOf({ group: `org.${this.name}`, artifact, version }, '<packaging>maven-plugin</packaging>')
      await send('PUT', `${place}.pom`, pom)
      await send('PUT', `${place}.jar`, `jar of ${artifact} ${version}`)
      await send('PUT', `${folder}/maven-metadata.xml`, metadataOf(this.name, artifact, [...known, version]))
    }

    private async take(what: string, work: () => Promise<unknown>): Promise<void> {
      const began = performance.now()
      await work()
      this.times[what] ??= []
      this.times[what].push(performance.now() - began)
    }
  }

  const small = new Group('few')
  const large = new Group('many')
  await small.fill(few)
  const began = performance.now()
  await large.fill(full)
  const seconds = (performance.now() - began) / 1_000
  for (let round = 0; round < rounds; round++) {
    await small.round()
    await large.round()
  }
  const rows = Object.entries(small.times).map(([what, times]) => {
    const [before, after] = [median(times), median(large.times[what] ?? [])]
    return {
      case: what,
      [`ms at ${few}`]: before.toFixed(2),
      [`ms at ${full}`]: after.toFixed(2),
      ratio: (after / before).toFixed(2),
    }
  })
  if (process.argv.includes('--json')) console.log(JSON.stringify({ rows, seconds }))
  else {
    console.table(rows)
    console.log(`${full} versions and ${full} plugins came in ${seconds.toFixed(1)} s, eight deployments at once`)
  }
} finally {
  agent.destroy()
  await server.stop()
}
