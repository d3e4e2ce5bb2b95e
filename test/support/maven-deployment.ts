import { createHash } from 'node:crypto'
import type { Answer, CallOptions, House } from './house.js'

export interface Coordinates {
  readonly group: string
  readonly artifact: string
  readonly version: string
}

/** A POM with nothing but its coordinates. */
export function pomOf({ group, artifact, version }: Coordinates, more = ''): string {
  return `<?xml version="1.0" encoding="UTF-8"?>
<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>${group}</groupId><artifactId>${artifact}</artifactId><version>${version}</version>
  ${more}
</project>
`
}

export function hexOf(algorithm: string, content: string | Uint8Array): string {
  return createHash(algorithm).update(content).digest('hex')
}

/** What Maven 3 puts, one request after the other, at one repository of a test house. */
export class MavenDeployment {
  constructor(
    private readonly house: House,
    private readonly repository: string,
    private readonly as: NonNullable<CallOptions['as']> = 'dora',
  ) {}

  put(path: string, body: string | Uint8Array, headers: Readonly<Record<string, string>> = {}): Promise<Answer> {
    return this.house.call('PUT', `${this.repository}/${path}`, { as: this.as, body, headers })
  }
  get(path: string, headers: Readonly<Record<string, string>> = {}): Promise<Answer> {
    return this.house.call('GET', `${this.repository}/${path}`, { as: this.as, headers })
  }
  delete(path: string): Promise<Answer> {
    return this.house.call('DELETE', `${this.repository}/${path}`, { as: this.as })
  }

  /** A file and its two checksums; answers the statuses. */
  async file(path: string, body: string): Promise<readonly number[]> {
    const answers = [
      await this.put(path, body),
      await this.put(`${path}.sha1`, hexOf('sha1', body)),
      await this.put(`${path}.md5`, hexOf('md5', body)),
    ]
    return answers.map(({ status }) => status)
  }

  /** A whole release: jar, POM and the metadata that a client writes who found none. */
  async release(coordinates: Coordinates, jar: string): Promise<number> {
    const { group, artifact, version } = coordinates
    const folder = `${group.replaceAll('.', '/')}/${artifact}`
    await this.file(`${folder}/${version}/${artifact}-${version}.jar`, jar)
    await this.file(`${folder}/${version}/${artifact}-${version}.pom`, pomOf(coordinates))
    const metadata = `<metadata><groupId>${group}</groupId><artifactId>${artifact}</artifactId><versioning><release>${version}</release><versions><version>${version}</version></versions><lastUpdated>20260101000000</lastUpdated></versioning></metadata>`
    return (await this.put(`${folder}/maven-metadata.xml`, metadata)).status
  }

  /** One build of a snapshot, `build` as '20260131.115959-1'. */
  async snapshot(coordinates: Coordinates, build: string, files: Readonly<Record<string, string>>): Promise<number> {
    const { group, artifact, version } = coordinates
    const folder = `${group.replaceAll('.', '/')}/${artifact}/${version}`
    const value = version.replace('SNAPSHOT', build)
    for (const [tail, content] of Object.entries(files)) await this.file(`${folder}/${artifact}-${value}${tail}`, content)
    const [timestamp = '', number = ''] = build.split('-')
    const entries = Object.keys(files).map((tail) => {
      const [, classifier = '', extension = ''] = /^(?:-([^.]+))?\.(.+)$/.exec(tail) ?? []
      return `<snapshotVersion>${classifier === '' ? '' : `<classifier>${classifier}</classifier>`}<extension>${extension}</extension><value>${value}</value><updated>${timestamp.replace('.', '')}</updated></snapshotVersion>`
    })
    const metadata = `<metadata modelVersion="1.1.0"><groupId>${group}</groupId><artifactId>${artifact}</artifactId><version>${version}</version><versioning><snapshot><timestamp>${timestamp}</timestamp><buildNumber>${number}</buildNumber></snapshot><lastUpdated>20260101000000</lastUpdated><snapshotVersions>${entries.join('')}</snapshotVersions></versioning></metadata>`
    return (await this.put(`${folder}/maven-metadata.xml`, metadata)).status
  }
}
