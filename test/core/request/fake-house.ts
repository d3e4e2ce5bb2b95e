import { Readable } from 'node:stream'
import { AuditNotes } from '../../../core/audit/audit-notes.js'
import type { AccessPolicy } from '../../../core/auth/access-policy.js'
import type { Authenticator, Credentials } from '../../../core/auth/authenticator.js'
import { levelCarries, type Permission, roleCarries } from '../../../core/auth/permission.js'
import { anonymous, type Principal } from '../../../core/auth/principal.js'
import { throttled, unauthenticated } from '../../../core/errors/registry-error.js'
import { PluginRegistry } from '../../../core/plugin/plugin-registry.js'
import type { ProtocolPlugin } from '../../../core/plugin/protocol-plugin.js'
import { Dispatcher } from '../../../core/request/dispatcher.js'
import type { HouseRequest } from '../../../core/request/house-request.js'
import type { Reply } from '../../../core/request/reply.js'
import { RequestRates } from '../../../core/request/request-rates.js'
import { SystemClock } from '../../../core/runtime/clock.js'
import { defaultLimits } from '../../../core/runtime/limits.js'
import { type LogFields, type Logger, silentLogger } from '../../../core/runtime/logger.js'
import { MemoryMetadataStore } from '../../../core/storage/drivers/memory-metadata-store.js'
import type { ContextFactory } from '../../../core/tenancy/context-factory.js'
import type { Organization } from '../../../core/tenancy/organization.js'
import { ReadOnly } from '../../../core/tenancy/read-only.js'
import type { Repository } from '../../../core/tenancy/repository.js'
import type { Tenancy, Tenant } from '../../../core/tenancy/tenancy.js'
import { DownloadCounter } from '../../../core/usage/download-counter.js'

type Who = 'writer' | 'reader' | 'guest' | 'prefix'

/** Fakes of everything that a dispatcher asks, and a record of what it asked, in order. */
export class FakeHouse {
  readonly asked: string[] = []
  readonly logged: string[] = []
  readonly plugins = new PluginRegistry()
  readonly organization = { id: 'o1', name: 'acme', status: 'active', publicAllowed: true, disabledFormats: [] as string[] }
  readonly repositories = new Map<string, Repository>()
  /** Host name to repository. */
  readonly hosts = new Map<string, string>()
  /** What contexts were cut with. */
  readonly cut: Record<string, unknown>[] = []
  bodyRead = false

  constructor(...plugins: ProtocolPlugin[]) {
    for (const plugin of plugins) this.plugins.install(plugin)
  }

  add(name: string, format: string, more: Partial<Repository> = {}): this {
    this.repositories.set(name, { id: `r-${name}`, name, format, kind: 'hosted', public: false, ...more } as Repository)
    return this
  }

  async call(
    method: string,
    target: string,
    headers: Record<string, string> = {},
    more: Partial<HouseRequest> = {},
  ): Promise<Reply> {
    this.bodyRead = false
    const request: HouseRequest = {
      id: 'req-1',
      method,
      target,
      trailer: () => undefined,
      header: (name) => headers[name],
      address: '203.0.113.7',
      publicUrl: new URL('https://repo.example.com/'),
      hostname: 'repo.example.com',
      contentLength: undefined,
      body: () => {
        this.bodyRead = true
        return Readable.from([Buffer.from('{}')], { objectMode: false })
      },
      form: () => Promise.reject(new Error('not here')),
      ...more,
    }
    const log: Logger = {
      ...silentLogger,
      error: (event: string, fields?: LogFields) => void this.logged.push(`${event} ${String(fields?.cause)}`),
    }
    const { tenancy, authenticator, policy, contexts } = this
    const readOnly = new ReadOnly(new MemoryMetadataStore())
    const downloads = new DownloadCounter(new MemoryMetadataStore(), new SystemClock(), log)
    const rates = new RequestRates(defaultLimits, new SystemClock())
    const clock = new SystemClock()
    const { plugins } = this
    const notes = new AuditNotes(new MemoryMetadataStore(), clock, log)
    const parts = [tenancy, authenticator, policy, contexts, plugins, readOnly, log, downloads, rates, clock, notes] as const
    return await new Dispatcher(...parts).handle(request)
  }

  private tenant(name: string): Tenant {
    const exists = name === 'acme'
    const organization = {
      ...this.organization,
      ...(exists ? {} : { id: 'none', name, disabledFormats: [] }),
      createdAt: new Date(0),
    }
    return {
      organization: organization as Organization,
      exists,
      epoch: '1',
      findRepository: (repository) => (exists ? this.repositories.get(repository) : undefined),
      findRepositoryById: () => undefined,
      repositories: () => (exists ? this.repositories.values() : []),
      grantsOf: () => [],
    }
  }

  readonly tenancy: Tenancy = {
    open: async (name) => {
      this.asked.push(`tenant ${name}`)
      return this.tenant(name)
    },
    openById: async () => this.tenant('acme'),
    findHost: async (host) => {
      const repository = this.repositories.get(this.hosts.get(host) ?? '')
      return repository === undefined ? undefined : { tenant: this.tenant('acme'), repository }
    },
  }

  private who({ authorization }: Credentials, tenant: Tenant): Principal {
    if (authorization === undefined) return anonymous
    const name = /^(?:bearer|basic) (\w+)$/i.exec(authorization)?.[1]
    if (name === 'guessing') throw throttled('Too many attempts', 7)
    if (!tenant.exists || !['writer', 'reader', 'guest', 'prefix'].includes(name ?? '')) throw unauthenticated()
    return { kind: 'member', id: `m-${name}`, name: name as Who, groups: [], by: 'token' }
  }

  readonly authenticator: Authenticator = {
    authenticate: async (tenant, credentials, mount) => {
      this.asked.push(`authenticate ${mount}`)
      return this.who(credentials, tenant)
    },
    authenticateOperator: async ({ authorization }) => {
      this.asked.push('authenticate operator')
      if (authorization !== 'Bearer operator') throw unauthenticated()
      return { kind: 'operator', id: 'op' }
    },
    signIn: async () => {
      throw unauthenticated()
    },
    refresh: async (_, principal) => principal,
  }

  readonly policy: AccessPolicy = {
    permits: (_, principal, permission, target) => {
      this.asked.push(`permits ${permission} ${target?.path ?? '-'}`)
      if (principal.kind === 'anonymous') return permission === 'artifacts.read' && target?.repository?.public === true
      if (principal.kind !== 'member') return false
      if (principal.name === 'prefix') return levelCarries('write', permission) && (target?.path ?? '').startsWith('mine/')
      return this.rights(principal.name as Who, permission)
    },
    sees: (_, principal, repository) => {
      this.asked.push(`sees ${repository.name}`)
      return repository.public || (principal.kind === 'member' && principal.name !== 'guest')
    },
  }

  private rights(who: Who, permission: Permission): boolean {
    return who === 'writer' ? roleCarries('developer', permission) : who === 'reader' && roleCarries('reader', permission)
  }

  private open<T>(kind: string, request: object, context: object = {}): { context: T; close(): Promise<void> } {
    this.asked.push(`open ${kind}`)
    this.cut.push(request as Record<string, unknown>)
    const close = async () => {
      this.asked.push('close')
    }
    return { context: context as T, close }
  }

  readonly contexts: ContextFactory = {
    repository: (request) =>
      this.open('repository', request, {
        signIn: async (login: string, password: string) => {
          if (password === 'otp') throw unauthenticated('One-time code required', { detail: { code: 'otp-required' } })
          if (password !== 'right') throw unauthenticated()
          return { principal: { name: login } }
        },
      }),
    organization: (request) => this.open('organization', request),
    origin: (request) => this.open('origin', request),
    instance: (request) => this.open('instance', request),
  }
}

/** Everything that a client could compare. */
export function bytesOf(reply: Reply): string {
  return JSON.stringify([
    reply.status,
    reply.reason,
    reply.headers,
    reply.body === undefined ? '' : Buffer.from(reply.body as Uint8Array).toString(),
  ])
}
export function textOf(reply: Reply): string {
  return reply.body === undefined ? '' : Buffer.from(reply.body as Uint8Array).toString()
}
