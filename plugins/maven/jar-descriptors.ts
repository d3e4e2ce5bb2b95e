import { Readable } from 'node:stream'
import { type Bytes, type JsonObject, RegistryError, readXml, readZipEntries, textOf } from '#core'
import { fileName, type VersionFolder } from './layout.js'
import type { PomFacts } from './pom-parser.js'
import type { VersionSource } from './publication.js'

const pluginXml = 'META-INF/maven/plugin.xml'
const archetypeXml = 'META-INF/maven/archetype-metadata.xml'
const shape = { name: true, goalPrefix: true } as const
/** A plugin.xml lists every parameter of every goal: the largest known have two MiB. */
const limits = { entry: 8 * 1024 * 1024 }

/** What a build's main jar adds to its POM: a plugin's goal prefix and name, and whether it is an archetype. Only a jar whose POM or name lets
 *  expect one of these is opened; one that cannot be read adds nothing. */
export async function jarFacts(
  source: VersionSource,
  folder: VersionFolder,
  build: string,
  pom: PomFacts | undefined,
): Promise<JsonObject> {
  const packaging = pom?.packaging ?? 'jar'
  const archetype = packaging === 'maven-archetype'
  if (packaging !== 'maven-plugin' && !archetype && !folder.artifactId.includes('archetype')) return {}
  const path = `${folder.versionFolder}/${fileName(folder, build, '', 'jar')}`
  const jar = await source.artifacts.find(path)
  const found = jar === undefined ? undefined : await descriptorsOf(source, path, jar)
  return {
    ...(found?.plugin ?? {}),
    ...(archetype || found?.archetype ? { archetype: true } : {}),
  }
}

async function descriptorsOf(
  { log }: VersionSource,
  path: string,
  jar: Bytes,
): Promise<{ readonly plugin: JsonObject; readonly archetype: boolean } | undefined> {
  try {
    const members = await readZipEntries(jar, (name) => name === pluginXml || name === archetypeXml, limits)
    const content = members.get(pluginXml)
    const plugin =
      content && (await readXml(Readable.from([content]), 'plugin', shape, { limits: { bytes: limits.entry, nodes: 500_000 } }))
    const [prefix, name] = [textOf(plugin, 'goalPrefix'), textOf(plugin, 'name')]
    return {
      plugin: {
        ...(prefix === undefined || prefix === '' ? {} : { goalPrefix: prefix.slice(0, 200) }),
        ...(name === undefined || name === '' ? {} : { pluginName: name.slice(0, 300) }),
      },
      archetype: members.has(archetypeXml),
    }
  } catch (thrown) {
    if (!(thrown instanceof RegistryError) || (thrown.kind !== 'invalid' && thrown.kind !== 'too-large')) throw thrown
    log.info('maven.jar-not-read', { path, reason: thrown.message })
    return undefined
  }
}
