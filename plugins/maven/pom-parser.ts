import {
  type Bytes,
  childOf,
  childrenOf,
  type Json,
  type JsonObject,
  type MetadataParser,
  type PackageFacts,
  RegistryError,
  readXml,
  textOf,
  type XmlElement,
  type XmlShape,
} from '#core'
import { type ArtifactFile, parseMavenPath } from './layout.js'

/** What a POM says of itself, its parent's coordinates apart: nothing inherited, nothing interpolated. */
export type PomFacts = PackageFacts & {
  readonly groupId?: string
  readonly artifactId?: string
  readonly version?: string
  readonly packaging?: string
  readonly parent?: { readonly groupId?: string; readonly artifactId?: string; readonly version?: string }
  /** Why it could not be read; then nothing else is here. The layout policy decides what that means. */
  readonly unreadable?: string
}

const dependency: XmlShape = {
  groupId: true,
  artifactId: true,
  version: true,
  type: true,
  classifier: true,
  scope: true,
  optional: true,
}
const shape: XmlShape = {
  modelVersion: true,
  parent: { groupId: true, artifactId: true, version: true },
  groupId: true,
  artifactId: true,
  version: true,
  packaging: true,
  name: true,
  description: true,
  url: true,
  inceptionYear: true,
  organization: { name: true, url: true },
  licenses: { license: { name: true, url: true, distribution: true } },
  scm: { connection: true, url: true, tag: true },
  issueManagement: { system: true, url: true },
  dependencies: { dependency },
  dependencyManagement: { dependencies: { dependency } },
  modules: { module: true },
  subprojects: { subproject: true },
  distributionManagement: { relocation: { groupId: true, artifactId: true, version: true, message: true } },
}
const limits = { bytes: 4 * 1024 * 1024, nodes: 200_000 }
/** A document holds 256 KiB: lists end here, texts are cut. */
const mostEntries = 400
const longestText = 2_000
/** A group id is as long as a path may be. */
const longestId = 1_024
const mostBytes = 200 * 1024

/** MetadataParser for the POM of a build, never for one with a classifier. It reads leniently, for POMs of old have HTML's entities and Latin-1. */
export const pomParser: MetadataParser = {
  claims(path) {
    const parsed = parseMavenPath(path)
    return parsed.kind === 'artifact' && isPom(parsed)
  },
  async parse(content: Bytes): Promise<PomFacts> {
    const stream = await content.open()
    try {
      return withinDocument(factsOf(await readXml(stream, 'project', shape, { limits, namespaces: false, entities: 'keep' })))
    } catch (thrown) {
      if (!(thrown instanceof RegistryError) || (thrown.kind !== 'invalid' && thrown.kind !== 'too-large')) throw thrown
      return { unreadable: thrown.message }
    } finally {
      stream.destroy()
    }
  },
}

export function isPom(file: ArtifactFile): boolean {
  return file.classifier === '' && file.extension === 'pom'
}

/** What is wrong with a POM under these coordinates; undefined where nothing is. Values with `${…}` are for the build to know (maven dossier 7.1). */
export function contradictionOf(pom: PomFacts, file: ArtifactFile): string | undefined {
  if (pom.unreadable !== undefined) return `${file.name} cannot be read as a POM: ${pom.unreadable}`
  if (pom.artifactId === undefined) return `${file.name} has no artifactId`
  const { groupId, artifactId, baseVersion } = file.folder
  const compare = (what: string, said: string | undefined, ...meant: readonly string[]) =>
    said === undefined || said.includes('${') || meant.includes(said)
      ? undefined
      : `${file.name} says ${what} ${clip(said, 200)}, its path says ${meant[0]}`
  return (
    compare('groupId', pom.groupId ?? pom.parent?.groupId, groupId) ??
    compare('artifactId', pom.artifactId, artifactId) ??
    compare('version', pom.version ?? pom.parent?.version, baseVersion, file.version)
  )
}

function factsOf(project: XmlElement): PomFacts {
  const license = childrenOf(childOf(project, 'licenses'), 'license')
    .map((entry) => textOf(entry, 'name') ?? textOf(entry, 'url'))
    .filter((name) => name !== undefined)
    .slice(0, 20)
    .map((name) => clip(name, 200))
    .join(', ')
  return {
    ...texts(project, 'modelVersion', 'groupId', 'artifactId', 'version', 'packaging', 'description', 'inceptionYear'),
    ...optional('title', textOf(project, 'name')),
    ...optional('homepage', textOf(project, 'url')),
    ...(license === '' ? {} : { license }),
    ...group('parent', childOf(project, 'parent'), 'groupId', 'artifactId', 'version'),
    ...group('organization', childOf(project, 'organization'), 'name', 'url'),
    ...group('scm', childOf(project, 'scm'), 'connection', 'url', 'tag'),
    ...group('issueManagement', childOf(project, 'issueManagement'), 'system', 'url'),
    ...group(
      'relocation',
      childOf(childOf(project, 'distributionManagement'), 'relocation'),
      'groupId',
      'artifactId',
      'version',
      'message',
    ),
    ...list('dependencies', dependenciesOf(childOf(project, 'dependencies'))),
    ...list('managedDependencies', dependenciesOf(childOf(childOf(project, 'dependencyManagement'), 'dependencies'))),
    ...list(
      'modules',
      [...childrenOf(childOf(project, 'modules'), 'module'), ...childrenOf(childOf(project, 'subprojects'), 'subproject')].map(
        (entry) => clip(entry.text.trim(), 200),
      ),
    ),
  }
}

function dependenciesOf(parent: XmlElement | undefined): JsonObject[] {
  return childrenOf(parent, 'dependency')
    .slice(0, mostEntries)
    .map((entry) => texts(entry, ...Object.keys(dependency)))
}

function longestOf(name: string): number {
  if (name === 'description') return longestText
  return name === 'groupId' || name === 'artifactId' || name === 'version' ? longestId : 300
}

/** The file itself says the rest. */
function withinDocument(facts: PomFacts): PomFacts {
  if (Buffer.byteLength(JSON.stringify(facts)) <= mostBytes) return facts
  const { dependencies: _, managedDependencies: __, modules: ___, ...rest } = facts
  return rest
}

function texts(element: XmlElement, ...names: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    names.flatMap((name) => {
      const text = textOf(element, name)
      return text === undefined ? [] : [[name, clip(text, longestOf(name))]]
    }),
  )
}

function optional(name: string, text: string | undefined): Record<string, string> {
  return text === undefined ? {} : { [name]: clip(text, 300) }
}

function group(name: string, element: XmlElement | undefined, ...names: readonly string[]): Record<string, Json> {
  return element === undefined ? {} : { [name]: texts(element, ...names) }
}

function list(name: string, entries: readonly Json[]): Record<string, Json> {
  return entries.length === 0 ? {} : { [name]: entries.slice(0, mostEntries) }
}

function clip(text: string, longest: number): string {
  return text.length > longest ? `${text.slice(0, longest)}…` : text
}
