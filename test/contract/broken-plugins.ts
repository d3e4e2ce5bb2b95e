import { Readable } from 'node:stream'
import {
  bytes,
  empty,
  json,
  notFound,
  type PackageIndex,
  type ProtocolPlugin,
  type RepositoryContext,
  type Route,
  repositoryRoute,
} from '#core'

type Put = Parameters<typeof repositoryRoute<'/{name}/{version}'>>[0]['handle']

const store: Put = async (request, context) => {
  const { name, version } = request.params
  const blob = await context.stage(request.body)
  await context.change().putArtifact(`${name}/${version}`, blob).putDocument([name, version], { size: blob.size }).commit()
  return empty(201)
}
const serve: Put = async ({ params }, context) => bytes(await context.artifacts.get(`${params.name}/${params.version}`))
const path = '/{name}/{version}' as const
const put = (handle: Put, permission: 'artifacts.write' | 'artifacts.read' = 'artifacts.write') =>
  repositoryRoute({ method: 'PUT', path, permission, handle })
const get = (handle: Put) => repositoryRoute({ method: 'GET', path, permission: 'artifacts.read', handle })
const plugin = (routes: readonly Route<RepositoryContext>[], more: Partial<ProtocolPlugin> = {}): ProtocolPlugin => ({
  name: 'broken',
  version: '1.0.0',
  contract: 1,
  mounts: [{ scope: 'repository', routes }],
  ...more,
})
async function wholeBody(body: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const chunks: Uint8Array[] = []
  for await (const chunk of body) chunks.push(chunk)
  return Buffer.concat(chunks)
}

/** Made anew for each run: some of them keep what they should not. */
export interface BrokenPlugin {
  readonly fault: string
  readonly make: () => ProtocolPlugin
  /** Beginning of the name of a test that has to fail. */
  readonly caughtBy: string
}

/** The list of names, kept in an index. */
const names: PackageIndex<readonly string[]> = {
  name: 'names',
  etag: 'strong',
  async load(pkg, documents) {
    const found: string[] = []
    for await (const { key } of documents.list([pkg])) found.push(String(key.at(-1)))
    return found.length === 0 ? undefined : found
  },
  render: (view) => ({ contentType: 'application/json', body: Buffer.from(JSON.stringify(view)) }),
}

export const soundPlugin = (): ProtocolPlugin => plugin([put(store), get(serve)], { indexes: [names] })

export const brokenPlugins: readonly BrokenPlugin[] = [
  {
    fault: 'keeps what it has served in its module, whoever asks next',
    caughtBy: 'shows a second tenant nothing of it',
    make() {
      const kept = new Map<string, Buffer>()
      return plugin([
        put(store),
        get(async (request, context) => {
          const key = `${request.params.name}/${request.params.version}`
          const known = kept.get(key)
          if (known) return { status: 200, headers: {}, body: known }
          const artifact = await context.artifacts.get(key)
          kept.set(key, await wholeBody(await artifact.open()))
          return bytes(artifact)
        }),
        repositoryRoute({
          method: 'POST',
          path: '/',
          permission: 'artifacts.write',
          handle: async () => json(200, [...kept.keys()]),
        }),
      ])
    },
  },
  {
    fault: 'reads the body before it asks for the right to write',
    caughtBy: 'refuses a publication by a member who may only read',
    make: () =>
      plugin([
        put(async (request, context) => {
          const body = await wholeBody(request.body)
          const writing = await context.widen('artifacts.write')
          const blob = await writing.stage(Readable.from([body]))
          await writing.change().putArtifact(`${request.params.name}/${request.params.version}`, blob).commit()
          return empty(201)
        }, 'artifacts.read'),
        get(serve),
      ]),
  },
  {
    fault: 'publishes without touching the package that its index is made from',
    caughtBy: 'changes the revision of the index names',
    make: () =>
      plugin(
        [
          put(async (request, context) => {
            const { name, version } = request.params
            const blob = await context.stage(request.body)
            await context
              .change()
              .putArtifact(`${name}/${version}`, blob)
              .putDocument([`all-${name}`, version], 1)
              .commit()
            return empty(201)
          }),
          get(serve),
        ],
        { indexes: [names] },
      ),
  },
  {
    fault: 'shows of a package what its documents do not say',
    caughtBy: 'says by its documents alone what it puts on the list of names',
    make: () =>
      plugin(
        [
          put(async (request, context) => {
            const { name, version } = request.params
            const blob = await context.stage(request.body)
            await context
              .change()
              .putArtifact(`${name}/${version}`, blob)
              .putDocument([name, version], { size: blob.size })
              .describe(name, { latest: version, size: blob.size })
              .commit()
            return empty(201)
          }),
          get(serve),
        ],
        {
          async describe(name, documents) {
            for await (const { key } of documents.list([name])) return { latest: key[1] ?? '' }
            return undefined
          },
        },
      ),
  },
  {
    fault: 'says 201 before its commit has ended',
    caughtBy: 'acknowledges nothing that a crash would take away',
    make: () =>
      plugin([
        put(async (request, context) => {
          const { name, version } = request.params
          const blob = await context.stage(request.body)
          context
            .change()
            .putArtifact(`${name}/${version}`, blob)
            .commit()
            .catch(() => {})
          return empty(201)
        }),
        get(serve),
      ]),
  },
  {
    fault: 'stores what has come of an upload that broke off',
    caughtBy: 'leaves nothing of an upload that breaks off',
    make: () =>
      plugin([
        put(async (request, context) => {
          const chunks: Uint8Array[] = []
          try {
            for await (const chunk of request.body) chunks.push(chunk as Uint8Array)
          } catch {
            // Whatever came is taken for the whole.
          }
          const blob = await context.stage(Readable.from([Buffer.concat(chunks)]))
          await context.change().putArtifact(`${request.params.name}/${request.params.version}`, blob).commit()
          return empty(201)
        }),
        get(serve),
      ]),
  },
  {
    fault: 'keeps its files in memory',
    caughtBy: 'has everything in a process that was started afterwards',
    make() {
      // A process is known by its port: another one finds nothing.
      const files = new Map<string, Buffer>()
      const key = (request: { readonly path: string }, { organization, mountUrl }: RepositoryContext) =>
        `${mountUrl.port} ${organization.id} ${request.path}`
      return plugin([
        put(async (request, context) => {
          files.set(key(request, context), await wholeBody(request.body))
          return empty(201)
        }),
        get(async (request, context) => {
          const known = files.get(key(request, context))
          if (!known) throw notFound('file', request.path)
          return { status: 200, headers: {}, body: known }
        }),
      ])
    },
  },
  {
    fault: 'writes its document in a second commit',
    caughtBy: 'leaves all or nothing of a publication whose process dies',
    make: () =>
      plugin([
        put(async (request, context) => {
          const { name, version } = request.params
          const blob = await context.stage(request.body)
          await context.change().putArtifact(`${name}/${version}`, blob).commit()
          await context.change().putDocument([name, version], { size: blob.size }).commit()
          return empty(201)
        }),
        get(serve),
      ]),
  },
  {
    fault: 'keeps its files until it is stopped',
    caughtBy: 'has everything when its stores are closed',
    make() {
      const files = new Map<string, Buffer>()
      const routes = [
        put(async (request, { organization }) => {
          files.set(`${organization.id} ${request.path}`, await wholeBody(request.body))
          return empty(201)
        }),
        get(async (request, { organization }) => {
          const known = files.get(`${organization.id} ${request.path}`)
          if (!known) throw notFound('file', request.path)
          return { status: 200, headers: {}, body: known }
        }),
      ]
      return plugin(routes, { stop: async () => files.clear() })
    },
  },
  {
    fault: 'falls over a long name',
    caughtBy: 'never fails by a name',
    make: () =>
      plugin([
        put(store),
        get(async (request, context) => {
          if (request.params.version.length > 100) throw new Error('too long for me')
          return serve(request, context)
        }),
      ]),
  },
  {
    fault: 'answers without a tag, a range or a length of its own',
    caughtBy: 'answers HEAD like GET',
    make: () =>
      plugin([
        put(store),
        get(async ({ params }, context) => {
          const artifact = await context.artifacts.get(`${params.name}/${params.version}`)
          return { status: 200, headers: {}, body: await wholeBody(await artifact.open()) }
        }),
      ]),
  },
]
