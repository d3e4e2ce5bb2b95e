import {
  bytes,
  type DocumentReader,
  empty,
  json,
  notFound,
  type PackageFacts,
  type ProtocolPlugin,
  RegistryError,
  repositoryRoute,
} from '#core'

/** What search and pages show of a binary that has these versions: the highest of them, numbers as they count. */
function factsOf(versions: readonly string[]): PackageFacts | undefined {
  const latest = versions.toSorted((a, b) => a.localeCompare(b, 'en', { numeric: true })).at(-1)
  return latest === undefined ? undefined : { latest }
}

async function versionsOf(name: string, documents: DocumentReader): Promise<readonly string[]> {
  const found: string[] = []
  for await (const { key } of documents.list([name])) found.push(key[1] ?? '')
  return found
}

const upload = repositoryRoute({
  method: 'PUT',
  path: '/{name}/{version}',
  permission: 'artifacts.write',
  async handle(request, context) {
    const { name, version } = request.params
    const blob = await context.stage(request.body)
    for (;;) {
      const head = (await context.documents.head(name))?.sequence ?? 0
      const change = context
        .change()
        .putArtifact(`${name}/${version}`, blob)
        .putDocument([name, version], { size: blob.size, sha256: blob.digests.sha256 })
        .describe(name, factsOf([...(await versionsOf(name, context.documents)), version]))
        .requireHead(name, head)
      try {
        await change.commit()
        return empty(201)
      } catch (thrown) {
        // Another version came in between: which one is the highest is asked again.
        if (!(thrown instanceof RegistryError && thrown.kind === 'stale')) throw thrown
      }
    }
  },
})

const download = repositoryRoute({
  method: 'GET',
  path: '/{name}/{version}',
  permission: 'artifacts.read',
  async handle({ params: { name, version } }, context) {
    return bytes(await context.artifacts.get(`${name}/${version}`), { download: { package: name, version } })
  },
})

const versions = repositoryRoute({
  method: 'GET',
  path: '/{name}',
  permission: 'artifacts.read',
  async handle(request, context) {
    const found: Record<string, unknown> = {}
    for await (const { key, value } of context.documents.list([request.params.name])) found[key.at(-1) ?? ''] = value
    if (Object.keys(found).length === 0) throw notFound('binary', request.params.name)
    return json(200, found)
  },
})

const binaries: ProtocolPlugin = {
  name: 'binaries',
  version: '1.0.0',
  contract: 1,
  mounts: [{ scope: 'repository', routes: [upload, download, versions] }],
  describe: async (name, documents) => factsOf(await versionsOf(name, documents)),
}
export default binaries
