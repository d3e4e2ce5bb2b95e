import { forbidden, invalid, json, type ProtocolRequest, type Reply, type RepositoryContext } from '#core'
import { factsOf, isObject, isText } from './manifest.js'
import { noSuchPackage, worded404 } from './npm-error.js'
import { changePackage, presentPackage } from './package-changes.js'
import { documentKeys, findPackage, findTags, findVersion, type TagDocument } from './package-documents.js'
import { checkTag } from './package-name.js'
import { packageRoutes } from './package-routes.js'
import { holdTagRoom } from './tag-room.js'
import { confirmWrite } from './write-code.js'

const bodyLimit = 64 * 1024
const tagsPerCommit = 50

/** Tags of a package, one by one or as an object (npm dossier 7). A one-time code is asked for where `latest` moves, which everybody installs. */
export const distTagRoutes = [
  ...packageRoutes('GET', ['/-/package', '/dist-tags'], 'artifacts.read', async (pkg, _request, context) =>
    json(200, await tagsOf(pkg, context)),
  ),
  ...packageRoutes('GET', ['/-/package', '/dist-tags/{tag}'], 'artifacts.read', async (pkg, { params }, context) => {
    const { tag = '' } = params
    const tags = await tagsOf(pkg, context)
    if (!Object.hasOwn(tags, tag)) throw worded404('dist-tag', tag)
    return json(200, tags[tag])
  }),
  ...packageRoutes('PUT', ['/-/package', '/dist-tags/{tag}'], 'artifacts.write', putTag),
  // As npm 2 and old yarns set a tag.
  ...packageRoutes('PUT', ['', '/{tag}'], 'artifacts.write', putTag),
  ...packageRoutes('DELETE', ['/-/package', '/dist-tags/{tag}'], 'artifacts.write', (pkg, { params }, context) => {
    const { tag = '' } = params
    return changeTags(pkg, 200, context, (tags) => {
      if (tag === 'latest') throw forbidden('The latest tag cannot be removed', { detail: { worded: true } })
      if (!tags.has(tag)) throw worded404('dist-tag', tag)
      return new Map([[tag, undefined]])
    })
  }),
  ...packageRoutes('POST', ['/-/package', '/dist-tags'], 'artifacts.write', async (pkg, request, context) => {
    const wanted = await tagsIn(request)
    if (wanted.has('latest')) await confirmWrite(request, context)
    return changeTags(pkg, 201, context, () => wanted)
  }),
  ...packageRoutes('PUT', ['/-/package', '/dist-tags'], 'artifacts.write', async (pkg, request, context) => {
    const wanted = await tagsIn(request)
    if (wanted.has('latest')) await confirmWrite(request, context)
    return changeTags(pkg, 201, context, (tags) => {
      const dropped = [...tags.keys()].filter((tag) => tag !== 'latest' && !wanted.has(tag))
      return new Map<string, string | undefined>([...dropped.map((tag) => [tag, undefined] as const), ...wanted])
    })
  }),
]

async function putTag(pkg: string, request: ProtocolRequest, context: RepositoryContext): Promise<Reply> {
  const tag = checkTag(request.params['tag'] ?? '')
  const version = await request.json(bodyLimit)
  if (!isText(version)) throw invalid('the body is a version, as a JSON string')
  if (tag === 'latest') await confirmWrite(request, context)
  return changeTags(pkg, 201, context, () => new Map([[tag, version]]))
}

async function tagsIn(request: ProtocolRequest): Promise<Map<string, string>> {
  const body = await request.json(bodyLimit)
  if (!isObject(body)) throw invalid('the body is an object of tags and versions')
  return new Map(
    Object.entries(body).map(([tag, version]) => {
      if (!isText(version)) throw invalid(`the version of the dist-tag ${JSON.stringify(tag)} is not a string`)
      return [checkTag(tag), version]
    }),
  )
}

/** Sets tags to versions that are here, and removes those set to undefined, in one commit. */
async function changeTags(
  pkg: string,
  status: 200 | 201,
  context: RepositoryContext,
  wantedOf: (tags: ReadonlyMap<string, TagDocument>) => ReadonlyMap<string, string | undefined>,
): Promise<Reply> {
  const { documents } = context
  const tags = await changePackage(pkg, context, async () => {
    const { head, document } = await presentPackage(pkg, context)
    const { generation } = document
    const stored = await findTags(pkg, generation, documents)
    const wanted = wantedOf(stored)
    if (wanted.size > tagsPerCommit) throw invalid(`at most ${tagsPerCommit} dist-tags change at once`)
    holdTagRoom(stored, wanted)
    const changes = context.change().requireHead(pkg, head.sequence)
    for (const [tag, version] of wanted) {
      if (version === undefined) {
        changes.deleteDocument(documentKeys.tag(pkg, tag))
        continue
      }
      const target = await findVersion(pkg, version, documents)
      if (target === undefined) throw worded404('version', version)
      changes.putDocument(documentKeys.tag(pkg, tag), { v: 1, generation, version, explicit: true })
      if (tag === 'latest') changes.describe(pkg, factsOf(target.full, target.publishedAt))
    }
    await changes.commit()
    const before = [...stored].map(([tag, { version }]) => [tag, version] as const)
    return new Map([...before, ...wanted])
  })
  return json(status, {
    ok: true,
    id: pkg,
    'dist-tags': Object.fromEntries([...tags].filter(([, version]) => version !== undefined)),
  })
}

async function tagsOf(pkg: string, { documents }: RepositoryContext): Promise<Record<string, string>> {
  const document = await findPackage(pkg, documents)
  if (document === undefined) throw noSuchPackage(pkg)
  return Object.fromEntries(
    [...(await findTags(pkg, document.generation, documents))].map(([tag, { version }]) => [tag, version]),
  )
}
