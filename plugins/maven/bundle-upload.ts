import { randomUUID } from 'node:crypto'
import {
  conflict,
  empty,
  invalid,
  json,
  type ProtocolRequest,
  type Reply,
  type RepositoryChangeSet,
  type RepositoryContext,
  repositoryRoute,
  type StagedBlob,
  text,
} from '#core'
import { readBundle } from './bundle-archive.js'
import { BundleFaults, purlOf } from './bundle-faults.js'
import { draftBundle, publishBundle } from './bundle-publication.js'
import { asDocument, type BundleRecord, bundleKey, bundleRecord, recordLife, statusReply } from './bundle-record.js'
import type { BundleVersion } from './bundle-versions.js'
import { keys } from './deployment.js'
import { parseVersionFolder } from './layout.js'

const permission = 'artifacts.write'
const longestName = 300
const purlBytes = 100_000
type Now = () => Date

/** Many modules in one archive, all or nothing: the addresses, answers and states of the public portal's publisher (maven dossier 7.4). */
export const bundleRoutes = (now: Now) => [
  repositoryRoute({
    method: 'POST',
    path: '/-/api/v1/publisher/upload',
    permission,
    handle: (request, context) => upload(request, context, now()),
  }),
  repositoryRoute({
    method: 'POST',
    path: '/-/api/v1/publisher/status',
    permission,
    async handle({ query }, context) {
      const id = query.get('id') ?? ''
      return statusReply(id, await bundleRecord(id, context, now()))
    },
  }),
  repositoryRoute({
    method: 'POST',
    path: '/-/api/v1/publisher/deployment/{id}',
    permission,
    handle: ({ params }, context) => publish(params.id, context, now()),
  }),
  repositoryRoute({
    method: 'DELETE',
    path: '/-/api/v1/publisher/deployment/{id}',
    permission,
    handle: ({ params }, context) => drop(params.id, context, now()),
  }),
  repositoryRoute({
    method: 'GET',
    path: '/-/api/v1/publisher/published',
    permission: 'artifacts.read',
    async handle({ query }, { documents }) {
      const [namespace, name, version] = ['namespace', 'name', 'version'].map((word) => query.get(word) ?? '')
      const folder = parseVersionFolder(`${namespace?.replaceAll('.', '/')}/${name}/${version}`)
      if (!namespace || !name || !version || folder === undefined) throw invalid('namespace, name and version are asked for')
      return json(200, { published: (await documents.find(keys.version(folder))) !== undefined }, { 'cache-control': 'no-store' })
    },
  }),
]

/** What is no bundle is refused at once; what is wrong in it is told by its status, all of it, as the portal's clients expect. */
async function upload(request: ProtocolRequest<unknown>, context: RepositoryContext, now: Date): Promise<Reply> {
  const type = request.query.get('publishingType') ?? 'USER_MANAGED'
  if (type !== 'AUTOMATIC' && type !== 'USER_MANAGED') throw invalid('publishingType is AUTOMATIC or USER_MANAGED')
  const { files } = await request.form(context.stage, { files: 1, fields: 10 })
  const [bundle] = files
  if (bundle?.field !== 'bundle') throw invalid("The form has no file in the field 'bundle'")
  const id = randomUUID()
  const name = (request.query.get('name') ?? bundle.filename).slice(0, longestName)
  const judged = await judge(id, name, bundle.blob, context, now, type === 'AUTOMATIC')
  if (judged !== undefined) await remember(id, judged, context, now)
  return text(201, id, { 'cache-control': 'no-store' })
}

/** As many as a record holds. */
function purlsOf(versions: readonly BundleVersion[]): readonly string[] {
  let room = purlBytes
  return [...new Set(versions.map(({ folder }) => purlOf(folder)))].filter((purl) => {
    room -= purl.length
    return room > 0
  })
}

/** What is to be remembered of it; undefined where its publication did that. */
async function judge(
  id: string,
  name: string,
  archive: StagedBlob,
  context: RepositoryContext,
  now: Date,
  automatic: boolean,
): Promise<BundleRecord | undefined> {
  const faults = new BundleFaults()
  const files = await readBundle(archive, context, faults)
  const record = (state: BundleRecord['state'], versions: readonly BundleVersion[]): BundleRecord => ({
    ...{ name, state, at: now.getTime() },
    purls: purlsOf(versions),
    errors: faults.asJson(),
  })
  if (!faults.none) return record('FAILED', [])
  if (automatic) {
    const versions = await publishBundle(files, context, faults, now, (change, published) =>
      keep(change, id, record('PUBLISHED', published), now),
    )
    return faults.none ? undefined : record('FAILED', versions)
  }
  const { versions } = await draftBundle(files, context, faults, now)
  if (!faults.none) return record('FAILED', versions)
  let session = await context.uploads.create({ bundle: id }, archive.size)
  session = await context.uploads.append(session, 0, await archive.open())
  return { ...record('VALIDATED', versions), upload: session.id, expires: session.expires.getTime() }
}

async function publish(id: string, context: RepositoryContext, now: Date): Promise<Reply> {
  const { name, state, upload: waiting, purls } = await bundleRecord(id, context, now)
  // Whose answer was lost asks again.
  if (state === 'PUBLISHED') return empty(204)
  if (state !== 'VALIDATED' || waiting === undefined) throw wrongState(id, state)
  const session = await context.uploads.get(waiting)
  const failed = await judge(id, name, await context.uploads.join([session]), context, now, true)
  if (failed !== undefined) await remember(id, { ...failed, purls }, context, now)
  await context.uploads.discard(session)
  if (failed === undefined) return empty(204)
  const [reason = 'it cannot be published any more'] = Object.values(failed.errors).flat()
  throw conflict(`The bundle ${name} is not published: ${reason}`, { detail: { title: 'Bundle not published' } })
}

async function drop(id: string, context: RepositoryContext, now: Date): Promise<Reply> {
  const { state, upload: waiting } = await bundleRecord(id, context, now)
  if (state === 'PUBLISHED') throw wrongState(id, state)
  if (state === 'VALIDATED' && waiting !== undefined) await context.uploads.discard(await context.uploads.get(waiting))
  await context.change().deleteDocument(bundleKey(id)).commit()
  return empty(204)
}

async function remember(id: string, record: BundleRecord, context: RepositoryContext, now: Date): Promise<void> {
  const change = context.change()
  keep(change, id, record, now)
  await change.commit()
}
function keep(change: RepositoryChangeSet, id: string, record: BundleRecord, now: Date): void {
  const key = bundleKey(id)
  change.putDocument(key, asDocument(record)).remind(new Date(now.getTime() + recordLife), key)
}

function wrongState(id: string, state: string) {
  return conflict(`The deployment ${id} is ${state}`, { detail: { title: 'Deployment in another state' } })
}
