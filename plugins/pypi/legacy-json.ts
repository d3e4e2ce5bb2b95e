import {
  json,
  notFound,
  type ProtocolRequest,
  RegistryError,
  type Reply,
  type RepositoryContext,
  redirect,
  repositoryRoute,
} from '#core'
import { type LegacyProject, renderLegacy } from './legacy-document.js'
import { type FileDocument, findDocument, type ProjectDocument, projectKey } from './project-documents.js'
import { projectOf } from './project-name.js'
import { metadataOfRelease } from './release-metadata.js'
import { filesOf, highest, releaseOf } from './releases.js'
import { compareVersionTexts, parseVersion } from './version.js'

/** The JSON of a project that came before the one of the simple index; renovate, pipenv and dashboards read it. At the repository's own address too, where
 *  some are given no more. */
export const legacyRoutes = [
  ...(['/pypi/{project}/json', '/pypi/{project}/json/', '/{project}/json', '/{project}/json/'] as const).map((path) =>
    repositoryRoute({ method: 'GET', path, permission: 'artifacts.read', handle: (request, context) => serve(request, context) }),
  ),
  ...(['/pypi/{project}/{version}/json', '/pypi/{project}/{version}/json/'] as const).map((path) =>
    repositoryRoute({
      method: 'GET',
      path,
      permission: 'artifacts.read',
      handle: (request, context) => serve(request, context, request.params.version),
    }),
  ),
]

type Asking = ProtocolRequest<{ readonly project: string }>

async function serve(request: Asking, context: RepositoryContext, version?: string): Promise<Reply> {
  const project = projectOf(request.params.project)
  if (project === undefined || (version !== undefined && !parseVersion(version))) return absent()
  if (project !== request.params.project) {
    const rest = version === undefined ? '' : `${encodeURIComponent(version)}/`
    const query = request.query.toString()
    return redirect(301, `${context.mountUrl.href}pypi/${project}/${rest}json${query === '' ? '' : `?${query}`}`)
  }
  const head = await context.documents.head(project)
  if (!head) return absent()
  const flavour = version === undefined ? 'all' : releaseOf(version)
  const render = async () => renderLegacy(await loadLegacy(project, version, head.sequence, context), context.mountUrl)
  try {
    const name = `legacy ${project}`
    return await context.derived({ name, revision: `${head.sequence}`, flavour: encodeURIComponent(flavour), render }, request)
  } catch (failure) {
    if (failure instanceof RegistryError && failure.kind === 'not-found') return absent()
    throw failure
  }
}

function absent(): Reply {
  return json(404, { message: 'Not Found' }, { 'cache-control': 'no-store' })
}

/** Throws `not-found` for what has no file to be offered. */
async function loadLegacy(
  project: string,
  asked: string | undefined,
  serial: number,
  context: RepositoryContext,
): Promise<LegacyProject> {
  const { documents } = context
  const [owner, all] = await Promise.all([
    findDocument<ProjectDocument>(documents, projectKey(project)),
    filesOf(project, documents),
  ])
  const latest = asked ?? highest(all)
  if (!owner || owner.value.status?.status === 'quarantined' || latest === undefined) throw notFound('Project', project)
  const urls = all.filter((file) => releaseOf(file.version) === releaseOf(latest)).sort(byAge)
  const [first] = urls
  if (first === undefined) throw notFound('Release', `${project} ${latest}`)
  const told = {
    project,
    name: owner.value.name,
    version: first.version,
    metadata: await metadataOfRelease(urls, context),
    urls,
    serial,
  }
  return asked === undefined ? { ...told, releases: releasesOf(all) } : told
}

function releasesOf(all: readonly FileDocument[]): ReadonlyMap<string, readonly FileDocument[]> {
  const releases = new Map<string, FileDocument[]>()
  for (const file of [...all].sort(byAge)) {
    const release = releases.get(releaseOf(file.version))
    if (release) release.push(file)
    else releases.set(releaseOf(file.version), [file])
  }
  const spelled = [...releases.values()].map((files) => [files[0]?.version ?? '', files] as const)
  return new Map(spelled.sort(([a], [b]) => compareVersionTexts(a, b)))
}

/** The first file of a release spells its version. */
function byAge(a: FileDocument, b: FileDocument): number {
  return a.uploadedAt < b.uploadedAt ? -1 : a.uploadedAt > b.uploadedAt ? 1 : a.filename < b.filename ? -1 : 1
}
