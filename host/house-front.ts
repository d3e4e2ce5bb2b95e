import type { Server as TlsServer } from 'node:https'
import type { Logger } from '#core'
import type { Settings } from './config/settings.js'
import type { HouseCore } from './house-core.js'
import { AccessLog } from './server/access-log.js'
import { houseApp } from './server/express-app.js'
import { Health } from './server/health.js'
import { createListener, type ListenAddress, listen, usualPace } from './server/listener.js'
import { nearestUrl } from './server/nearest-url.js'
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
  const app = houseApp({
    kernel,
    health,
    log,
    accessLog: new AccessLog(log),
    trustedProxies: settings.trustedProxies,
    publicUrl: settings.publicUrl,
    isRootMount: async (hostname) => (await kernel.isRootMount?.(hostname)) ?? false,
  })
  const server = createListener(app, usualPace, tls)
  const { address, family, port } = await listen(server, at)
  const shutdown = new Shutdown(server, health, log)
  steps.undo(() => shutdown.begin({ notice: 0, requests: 0 }))
  const watch = files && new CertificateWatch(server as TlsServer, files, log)
  steps.undo(async () => watch?.stop())
  const scheme = files === undefined ? 'http' : 'https'
  return {
    url: `${scheme}://${family === 'IPv6' ? `[${address}]` : address}:${port}`,
    nearest: nearestUrl(address, port, settings.publicUrl, scheme),
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
