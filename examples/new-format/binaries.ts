import { bytes, empty, json, notFound, type ProtocolPlugin, repositoryRoute } from '#core'

const upload = repositoryRoute({
  method: 'PUT',
  path: '/{name}/{version}',
  permission: 'artifacts.write',
  async handle(request, context) {
    const { name, version } = request.params
    const blob = await context.stage(request.body)
    await context
      .change()
      .putArtifact(`${name}/${version}`, blob)
      .putDocument([name, version], { size: blob.size, sha256: blob.digests.sha256 })
      .describe(name, { latest: version })
      .commit()
    return empty(201)
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
}
export default binaries
