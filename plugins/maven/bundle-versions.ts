import { principalId, type RepositoryContext } from '#core'
import type { BundleFile } from './bundle-archive.js'
import type { BundleFaults } from './bundle-faults.js'
import { type Deployment, loadDeployment } from './deployment.js'
import { refuseClosed } from './file-upload.js'
import { type ArtifactFile, coordinates, fileName, type VersionFolder } from './layout.js'
import { contradictionOf, isPom, type PomFacts } from './pom-parser.js'

/** One build of one version, as a bundle brings it. */
export interface BundleVersion {
  readonly folder: VersionFolder
  readonly build: string
  readonly files: readonly (BundleFile & { readonly file: ArtifactFile })[]
  readonly pom?: PomFacts
}

/** The versions of a bundle, in the order of their folders. */
export async function versionsOf(
  files: readonly BundleFile[],
  context: RepositoryContext,
  faults: BundleFaults,
): Promise<readonly BundleVersion[]> {
  const byBuild = new Map<string, (BundleFile & { readonly file: ArtifactFile })[]>()
  for (const entry of files) {
    const { file } = entry
    if (file === undefined) continue
    const place = `${file.folder.versionFolder}\0${file.build}`
    byBuild.set(place, [...(byBuild.get(place) ?? []), { ...entry, file }])
  }
  const versions: BundleVersion[] = []
  for (const [, entries] of [...byBuild].sort(([a], [b]) => (a < b ? -1 : 1))) {
    const [first] = entries
    if (first === undefined) continue
    const { folder, build } = first.file
    const pom = entries.find(({ file }) => isPom(file))
    const facts = pom && ((await context.parse(pom.blob, pom.path)) as PomFacts)
    // Which of two is the newer nobody could say: they are one publication.
    if (versions.at(-1)?.folder.versionFolder === folder.versionFolder)
      faults.add(first.path, `${coordinates(folder)} has more than one build in the bundle`)
    versions.push({ folder, build, files: entries, ...(facts === undefined ? {} : { pom: facts }) })
  }
  return versions
}

/** Everything that a PUT of each of its files would be refused for, and what its metadata would be (maven dossier 7.1, 7.2, 7.3). */
export async function judgeVersion(
  { folder, build, files, pom }: BundleVersion,
  context: RepositoryContext,
  faults: BundleFaults,
  now: Date,
): Promise<Deployment> {
  const deployment = await loadDeployment(context.documents, folder, build)
  const { committed } = deployment
  const strict = context.repository.layoutPolicy === 'strict'
  for (const { path, file, blob } of files) {
    const contradiction = strict && pom !== undefined && isPom(file) ? contradictionOf(pom, file) : undefined
    if (contradiction !== undefined) faults.add(path, contradiction)
    await faults.collect(path, async () => refuseClosed(deployment, file, now))
    const present = await context.artifacts.find(path)
    if (present !== undefined && present.digests.sha256 !== blob.digests.sha256 && build !== 'literal')
      faults.add(path, whyNot(deployment, file, context))
  }
  const pomName = fileName(folder, build, '', 'pom')
  if (strict && committed === undefined && pom === undefined && !deployment.files.has(pomName))
    faults.add(files[0]?.path ?? '', `${coordinates(folder)} has no ${pomName}`)
  return deployment
}

function whyNot({ committed, files }: Deployment, { folder, name }: ArtifactFile, { principal }: RepositoryContext): string {
  const differs = `${coordinates(folder)} ${name} exists with other content`
  if (committed?.files.includes(name)) return differs
  const mine = files.get(name)?.by === principalId(principal)
  return `${differs}, in ${mine ? 'your own deployment' : 'a deployment of somebody else'} that is not published yet`
}
