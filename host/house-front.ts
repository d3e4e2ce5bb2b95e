import { stat } from 'node:fs/promises'
import type { Server as TlsServer } from 'node:https'
import { join } from 'node:path'
import type { Logger } from '#core'
import type { Settings } from './config/settings.js'
import type { HouseCore } from './house-core.js'
import type { HouseKernel } from './house-parts.js'
import type { HouseMetrics } from './metrics/house-metrics.js'
import { AccessLog } from './server/access-log.js'
import { Admission } from './server/admission.js'
import { DescriptorBudget } from './server/descriptors.js'
import { houseApp } from './server/express-app.js'
import { Health } from './server/health.js'
import { isLoopbackHost } from './server/host-header.js'
import { createListener, type ListenAddress, listen, usualPace } from './server/listener.js'
import { nearestUrl } from './server/nearest-url.js'
import { Overload } from './server/overload.js'
import { ParallelRequests } from './server/parallel-requests.js'
import { Shutdown, type ShutdownPace } from './server/shutdown.js'
import { CertificateWatch, readPair, type TlsFiles } from './server/tls.js'
import type { UndoSteps } from './undo-steps.js'

export interface Addresses {
  /** Where it listens, 'http://127.0.0.1:8080'. */
  readonly url: string
  /** Where a command on this machine reaches it. */
  readonly nearest: string
}

export interface HouseFront extends Addresses {
  /** Of this process, where they are asked for. */
  readonly metrics: HouseMetrics | undefined
  /** Looks for a renewed certificate. */
  reload(): Promise<void>
  /** Answers what is running; resolves when no connection is left. */
  shut(pace?: ShutdownPace): Promise<void>
}

export interface FrontPlace {
  readonly listen: ListenAddress
  /** Of all processes together, where there are several. */
  readonly ticketKeys?: Buffer
}

/** The server before a started kernel, accepting connections. */
export async function openFront(
  settings: Settings,
  { kernel, isReadOnly }: HouseCore,
  log: Logger,
  steps: UndoSteps,
  { listen: at, ticketKeys }: FrontPlace = settings,
): Promise<HouseFront> {
  const files = tlsFiles(settings)
  const tls = files && { pair: await readPair(files), ...(ticketKeys === undefined ? {} : { ticketKeys }) }
  const health = new Health(isReadOnly)
  const overload = new Overload().start()
  steps.undo(async () => overload.stop())
  const budget = new DescriptorBudget()
  const admission = new Admission(budget, new ParallelRequests(), overload)
  const metrics = settings.metrics && (await houseMetrics(settings, kernel, admission))
  const app = houseApp({
    admission,
    metrics,
    kernel,
    health,
    log,
    accessLog: new AccessLog(log),
    trustedProxies: settings.trustedProxies,
    publicUrl: settings.publicUrl,
    isRootMount: async (hostname) => (await kernel.isRootMount?.(hostname)) ?? false,
  })
  const server = createListener(app, usualPace, tls)
  admission.watch(server, Math.min(server.maxConnections, budget.connections))
  const { address, family, port } = await listen(server, at)
  const shutdown = new Shutdown(server, health, log)
  steps.undo(() => shutdown.begin({ notice: 0, requests: 0 }))
  const watch = files && new CertificateWatch(server as TlsServer, files, log)
  steps.undo(async () => watch?.stop())
  const scheme = files === undefined ? 'http' : 'https'
  const url = `${scheme}://${family === 'IPv6' ? `[${address}]` : address}:${port}`
  if (isLoopbackHost(new URL(url).hostname)) kernel.servedAt?.(new URL(url))
  return {
    url,
    nearest: nearestUrl(address, port, settings.publicUrl, scheme),
    metrics,
    reload: async () => watch?.look(true),
    shut: (pace) => shutdown.begin(pace),
  }
}

function tlsFiles({ tlsCert, tlsKey }: Settings): TlsFiles | undefined {
  return tlsCert === undefined || tlsKey === undefined ? undefined : { cert: tlsCert, key: tlsKey }
}

/** Before anything is made: throws where the certificate is not fit to be served. */
export async function checkTls(settings: Settings): Promise<void> {
  const files = tlsFiles(settings)
  if (files) await readPair(files)
}

/** Loaded only where somebody looks at them. */
async function houseMetrics(settings: Settings, kernel: HouseKernel, admission: Admission): Promise<HouseMetrics> {
  const { HouseMetrics } = await import('./metrics/house-metrics.js')
  const metrics = new HouseMetrics()
  metrics.gauge('requests_running', 'Requests under way', () => admission.running)
  metrics.gauge('connections', 'Open connections', () => admission.connections)
  for (const store of ['metadata', 'keys']) {
    const file = join(settings.data, store, 'data.mdb')
    metrics.gauge(`${store}_bytes`, `Size of the embedded store of ${store}`, async () => (await stat(file)).size, 'max')
  }
  for (const { name, help, kind, read, together } of kernel.figures?.() ?? [])
    if (kind === 'gauge') metrics.gauge(name, help, read, together)
    else metrics.counter(name, help, read)
  return metrics
}
