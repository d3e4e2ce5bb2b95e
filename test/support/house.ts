import { randomBytes } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Clock, NewRepository, ProtocolPlugin } from '#core'
import { type HouseParts, Kernel, silentLogger } from '#core/host'
import { FsBlobStore } from '../../core/storage/drivers/fs-blob-store.js'
import { LmdbMetadataStore } from '../../core/storage/drivers/lmdb-metadata-store.js'
import { MemoryBlobStore } from '../../core/storage/drivers/memory-blob-store.js'
import { MemoryMetadataStore } from '../../core/storage/drivers/memory-metadata-store.js'
import { AccessLog } from '../../host/server/access-log.js'
import { type AppOptions, houseApp } from '../../host/server/express-app.js'
import { Health } from '../../host/server/health.js'
import { createListener, type ListenerPace, listen } from '../../host/server/listener.js'
import { call } from './client.js'
import { cloudParts, onCloud } from './cloud-house.js'
import { memoryRootKey } from './root-key.js'
import { storedDocuments, storedFiles } from './stored.js'

/** Members of the organization `acme` in every test house; `bert` belongs to `beta`, `nobody` sends no credentials. */
export type Somebody = 'olga' | 'dora' | 'rita' | 'gus' | 'bert' | 'nobody'

export type TestStore = 'memory' | 'files' | 'cloud'

export interface HouseOptions {
  readonly plugins: readonly ProtocolPlugin[]
  /** Made in `acme`; each `name` also in `beta`, so that equal names stand in both. */
  readonly repositories?: readonly NewRepository[]
  /** 'memory' by default; 'files' is files with LMDB in a temporary folder, 'cloud' a bucket and tables of a real server. */
  readonly store?: TestStore
  /** Callers say by X-Forwarded-For whence they come: what is counted by address is counted for each of them. */
  readonly behindProxy?: boolean
  /** The system's by default. */
  readonly clock?: Clock
  /** How slow a client may be, where it is not what the host says. */
  readonly pace?: { readonly listener: ListenerPace } & NonNullable<AppOptions['pace']>
  /** Parts that take the place of the usual ones: stores that fail. `folder` is there where `store` is 'files'. */
  readonly parts?: (folder: string | undefined) => Promise<Partial<HouseParts>>
  /** Another process over the stores of this house; closed before it. Its organizations, people and repositories are there already. */
  readonly beside?: House
  /** Its chores run when a test says so, and never by themselves. */
  readonly idle?: boolean
}

export interface Answer {
  readonly status: number
  readonly reason: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: Buffer
  text(): string
  json(): unknown
}

export interface CallOptions {
  /** Default 'dora' (developer), with her token as Bearer. olga: owner, rita: reader, gus: no role and no grant. */
  readonly as?: Somebody
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string | Uint8Array | AsyncIterable<Uint8Array>
}

/** A whole house in memory, reached over HTTP on loopback as any client reaches it. */
export interface House {
  /** 'http://127.0.0.1:PORT' */
  readonly url: string
  readonly kernel: Kernel
  /** What it is made of, for tests that look at rows, or open another house over them. */
  readonly parts: HouseParts
  /** `target` goes onto the wire as it is written, dots, doubled slashes and all. Redirects are not followed, nothing is decoded. */
  call(method: string, target: string, options?: CallOptions): Promise<Answer>
  /** Token of somebody, with all the rights of its owner. */
  token(somebody: Exclude<Somebody, 'nobody'>): string
  password(somebody: Exclude<Somebody, 'nobody'>): string
  operatorToken(): string
  /** `{organization}/{repository}/{path}` of every stored file, in order: the exact list of what lies in the store. */
  storedFiles(): Promise<readonly string[]>
  /** `{organization}/{repository}/{plugin}/{package}: {rest of the key}` of every document, in order. */
  storedDocuments(): Promise<readonly string[]>
  /** Number of finished blobs in the blob store, parts and all else included. */
  storedBlobs(): Promise<number>
  /** Ports of the clients whose connections the server holds open. */
  readonly peers: ReadonlySet<number>
  close(): Promise<void>
}

const people = [
  ['acme', 'olga', 'owner'],
  ['acme', 'dora', 'developer'],
  ['acme', 'rita', 'reader'],
  ['acme', 'gus', undefined],
  ['beta', 'bert', 'owner'],
] as const

const passwordOf = (name: string) => `${name}-keeps-a-secret`

export async function openHouse({
  plugins,
  repositories = [],
  store = onCloud ? 'cloud' : 'memory',
  clock,
  behindProxy = false,
  pace,
  parts: special,
  beside,
  idle = false,
}: HouseOptions): Promise<House> {
  const folder = store === 'files' ? await mkdtemp(join(tmpdir(), 'cloudrepo-house-')) : undefined
  const cloud = store === 'cloud' && beside === undefined ? await cloudParts() : undefined
  const parts = {
    ...(beside !== undefined ? borrowed(beside.parts) : (cloud ?? (await partsOf(folder)))),
    ...(clock === undefined ? {} : { clock }),
    ...(await special?.(folder)),
  }
  const kernel = await Kernel.open(parts)
  for (const plugin of plugins) kernel.install(plugin)
  if (idle) kernel.chores.start = () => {}
  await kernel.start()
  const tokens = beside === undefined ? await populate(kernel, repositories) : peopleOf(beside)
  const operator = await kernel.setup.createOperatorToken('test')
  const log = silentLogger
  const app = houseApp({
    kernel,
    health: new Health(),
    trustedProxies: behindProxy ? ['127.0.0.1'] : [],
    log,
    accessLog: new AccessLog(log),
    publicUrl: undefined,
    isRootMount: (hostname) => kernel.isRootMount(hostname),
    ...(pace === undefined ? {} : { pace }),
  })
  const server = createListener(app, pace?.listener)
  const peers = new Set<number>()
  server.on('connection', (socket) => {
    const peer = socket.remotePort ?? 0
    peers.add(peer)
    socket.once('close', () => peers.delete(peer))
  })
  const { port } = await listen(server, { host: '127.0.0.1', port: 0 })
  const url = `http://127.0.0.1:${port}`
  kernel.servedAt(new URL(url))
  const token = (somebody: Exclude<Somebody, 'nobody'>) => tokens.get(somebody) ?? ''
  return {
    url,
    kernel,
    parts,
    token,
    password: passwordOf,
    operatorToken: () => operator,
    peers,
    call(method, target, { as = 'dora', headers = {}, body } = {}) {
      const authorization = as === 'nobody' ? {} : { authorization: `Bearer ${token(as)}` }
      return call(url, { method, target, headers: { ...authorization, ...headers }, ...(body === undefined ? {} : { body }) })
    },
    storedFiles: () => storedFiles(parts.metadata),
    storedDocuments: () => storedDocuments(parts.metadata),
    async storedBlobs() {
      let count = 0
      for await (const _ of parts.blobs.list('')) count++
      return count
    },
    async close() {
      const closed = new Promise((resolve) => server.close(resolve))
      server.closeAllConnections()
      await closed
      await kernel.close()
      await cloud?.drop()
      if (folder) await rm(folder, { recursive: true, force: true })
    },
  }
}

async function partsOf(folder: string | undefined): Promise<HouseParts> {
  const rootKey = memoryRootKey(randomBytes(32))
  if (folder === undefined) {
    return { blobs: new MemoryBlobStore(), metadata: new MemoryMetadataStore(), keyStore: new MemoryMetadataStore(), rootKey }
  }
  return {
    blobs: await FsBlobStore.open({ folder: join(folder, 'blobs') }),
    metadata: await LmdbMetadataStore.open({ folder: join(folder, 'metadata'), ballastBytes: 0 }),
    keyStore: await LmdbMetadataStore.open({ folder: join(folder, 'keys'), ballastBytes: 0 }),
    rootKey,
  }
}

/** As another process has them open: whoever closes last is the one that opened them. */
function borrowed(parts: HouseParts): HouseParts {
  const lent = <Store extends { close(): Promise<void> }>(store: Store): Store =>
    new Proxy(store, {
      get(target, name) {
        if (name === 'close') return async () => {}
        const value: unknown = Reflect.get(target, name, target)
        return typeof value === 'function' ? value.bind(target) : value
      },
    })
  return { ...parts, blobs: lent(parts.blobs), metadata: lent(parts.metadata), keyStore: lent(parts.keyStore) }
}

function peopleOf(house: House): ReadonlyMap<string, string> {
  return new Map(people.map(([, name]) => [name, house.token(name)]))
}

async function populate(kernel: Kernel, repositories: readonly NewRepository[]): Promise<ReadonlyMap<string, string>> {
  const { setup } = kernel
  const tokens = new Map<string, string>()
  await setup.createOrganization('acme')
  await setup.createOrganization('beta')
  for (const [organization, name, role] of people) {
    const member = await setup.createMember(organization, {
      name,
      password: passwordOf(name),
      ...(role === undefined ? {} : { role }),
    })
    const issued = await setup.issueToken(organization, member.id, {
      name: 'test',
      scopes: [
        { kind: 'repository', repository: '*', level: 'delete' },
        { kind: 'organization', level: 'read' },
      ],
    })
    tokens.set(name, issued.token)
  }
  for (const repository of repositories) {
    await setup.createRepository('acme', repository)
    await setup.createRepository('beta', repository)
  }
  return tokens
}
