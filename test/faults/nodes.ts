import { setTimeout as pause } from 'node:timers/promises'
import type { MetadataStore } from '../../core/storage/metadata-store.js'
import { tenantKeys } from '../../core/storage/tenant-keys.js'
import { Server } from '../clients/server.js'
import { newCloudHouse } from '../support/cloud-house.js'
import { DynamoTables } from '../support/dynamo-tables.js'
import type { CloudServers } from '../support/servers.js'

export interface NodeAnswer {
  readonly status: number
  readonly text: string
  readonly etag: string | null
}

/** Nodes of one house on one bucket and one table, each on a data folder of its own, as on a machine of its own. */
export class Nodes {
  readonly alive: Server[] = []
  private readonly dead: Server[] = []

  private constructor(
    private readonly settings: Readonly<Record<string, string>>,
    /** The rows of the house, for whoever looks at them. */
    readonly rows: MetadataStore,
    readonly token: string,
  ) {}

  /** The first one alone, until it holds the lease of the outbox; then the others. */
  static async start(servers: CloudServers, count: number): Promise<Nodes> {
    const settings = await newCloudHouse(servers)
    const first = await Server.start(settings)
    const tables = await DynamoTables.shared()
    const rows = tables.openAgain(settings['CLOUDREPO_DYNAMODB_TABLE'] ?? '')
    const { token } = await first.target('raw')
    const nodes = new Nodes(settings, rows, token)
    nodes.alive.push(first)
    await nodes.until(async () => (await nodes.holder('outbox')) !== '')
    await Promise.all(Array.from({ length: count - 1 }, () => nodes.add()))
    return nodes
  }

  async add(): Promise<Server> {
    const node = await Server.start(this.settings)
    this.alive.push(node)
    return node
  }

  /** As `kill -9` does. */
  async kill(node: Server): Promise<void> {
    this.alive.splice(this.alive.indexOf(node), 1)
    this.dead.push(node)
    await node.kill()
  }

  async call(
    node: Server,
    method: string,
    path: string,
    body?: string,
    headers: Record<string, string> = {},
  ): Promise<NodeAnswer> {
    const answer = await fetch(`${node.url}/main/${path}`, {
      method,
      headers: { authorization: `Bearer ${this.token}`, ...headers },
      ...(body === undefined ? {} : { body }),
      redirect: 'manual',
    })
    return { status: answer.status, text: await answer.text(), etag: answer.headers.get('etag') }
  }

  /** The same of each of them, at once. */
  everywhere(method: string, path: string, headers: Record<string, string> = {}): Promise<readonly NodeAnswer[]> {
    return Promise.all(this.alive.map((node) => this.call(node, method, path, undefined, headers)))
  }

  /** Which process has the lease of a chore; '' where nobody has. */
  async holder(chore: string): Promise<string> {
    const row = (await this.rows.get(tenantKeys.lease(chore)))?.value as { readonly holder?: string } | undefined
    return row?.holder ?? ''
  }

  /** Throws where it does not come true within a minute. */
  async until(isSo: () => Promise<boolean>): Promise<void> {
    for (const end = Date.now() + 60_000; Date.now() < end; await pause(200)) if (await isSo()) return
    throw new Error('it did not come true within a minute')
  }

  async stop(): Promise<void> {
    await Promise.all([...this.alive, ...this.dead].map((node) => node.stop()))
    await this.rows.close()
  }
}
