import { mkdir, readdir, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { cached, clientCache, must, NotToBeHad } from './client-cache.js'

/** Fetches whatever lies in Maven repositories, by the machine's own Maven. */
export const copyPlugin = 'org.apache.maven.plugins:maven-dependency-plugin:3.8.1'

/** The machine's Maven, its plugins kept beside the clients. */
async function mvn(args: readonly string[], cwd: string): Promise<void> {
  await must('mvn', ['-B', '-q', `-Dmaven.repo.local=${join(clientCache, 'm2')}`, ...args], cwd)
}

/** A folder with one file, 'group:artifact:version[:type[:classifier]]' (type jar where not said); answers the file's path. */
export async function mavenFile(coordinates: string): Promise<string> {
  const folder = await cached(`java-${fileName(coordinates)}`, (making) => copy(coordinates, making))
  const [file] = await readdir(folder)
  return join(folder, file ?? '')
}

/** A distribution unpacked: 'org.apache.maven:apache-maven:3.9.16:tar.gz:bin'. Answers its home, the first folder of the archive. */
export async function mavenArchive(coordinates: string): Promise<string> {
  return cached(`java-home-${fileName(coordinates)}`, async (making) => {
    const packed = join(making, 'packed')
    await copy(coordinates, packed)
    const [archive = ''] = await readdir(packed)
    const out = join(making, 'out')
    await mkdir(out)
    if (archive.endsWith('.zip')) await must('unzip', ['-q', join(packed, archive), '-d', out], making)
    else await must('tar', ['xzf', join(packed, archive), '-C', out], making)
    const [home] = await readdir(out)
    if (home === undefined) throw new NotToBeHad(`${coordinates} is empty`)
    for (const name of await readdir(join(out, home))) await rename(join(out, home, name), join(making, name))
    for (const folder of [packed, out]) await rm(folder, { recursive: true })
  })
}

/** A library with all that it depends on: 'group:artifact:version', one or several. Answers a folder of jars, for `java -cp FOLDER/*`. */
export async function mavenLibraries(...coordinates: readonly string[]): Promise<string> {
  return cached(`java-libraries-${coordinates.map(fileName).join('+')}`, async (making) => {
    const dependencies = coordinates.map((each) => {
      const [group, artifact, version, type = 'jar', classifier] = each.split(':')
      const more = classifier === undefined ? '' : `<classifier>${classifier}</classifier>`
      return `<dependency><groupId>${group}</groupId><artifactId>${artifact}</artifactId><version>${version}</version><type>${type}</type>${more}</dependency>`
    })
    const pom = `<project><modelVersion>4.0.0</modelVersion><groupId>test</groupId><artifactId>test</artifactId><version>1</version><packaging>pom</packaging><dependencies>${dependencies.join('')}</dependencies></project>`
    await writeFile(join(making, 'pom.xml'), pom)
    await mvn([`${copyPlugin}:copy-dependencies`, `-DoutputDirectory=${making}`], making)
    await rm(join(making, 'pom.xml'))
  })
}

async function copy(coordinates: string, into: string): Promise<void> {
  await mvn([`${copyPlugin}:copy`, `-Dartifact=${coordinates}`, `-DoutputDirectory=${into}`], '/')
}
function fileName(coordinates: string): string {
  return coordinates.replaceAll(/[^\w.-]+/g, '_')
}
