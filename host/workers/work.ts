import cluster from 'node:cluster'
import { PinoLogger } from '#core/host'
import { settingsShape } from '../config/settings.js'
import { WorkerPresence } from '../data/worker-presence.js'
import { loadPlugins, startCore } from '../house-core.js'
import { storeFailure } from '../house-failure.js'
import { openFront } from '../house-front.js'
import type { OpenKernel } from '../house-parts.js'
import { paceAfter, type ShutdownPace } from '../server/shutdown.js'
import { UndoSteps } from '../undo-steps.js'
import { letYoungGenerationGrow } from '../young-generation.js'
import type { Assignment, FromWorker, ToWorker } from './messages.js'

/** Milliseconds after which a worker that was told to stop kills itself: as long as its primary waits. */
const longestDrain = 90_000
/** A worker without a primary keeps nothing but what is running, and not for long: a new house waits for it. */
const orphaned = { pace: { notice: 0, requests: 10_000 }, longest: 20_000 }
const failedPace = { notice: 0, requests: 5_000 }

/** One serving process: begins when the primary says so, ends when it says so, is told by a signal, or has died itself. */
export async function work(openKernel: OpenKernel): Promise<void> {
  // Else the library ends the process on the spot when the primary is gone, and with it a transaction that holds the store's lock.
  if (cluster.worker) cluster.worker.exitedAfterDisconnect = true
  const primary = new Primary()
  const assignment = await primary.assignment
  const settings = settingsShape.parse(assignment.given)
  const { log, flush } = PinoLogger.standardError(settings.logLevel, { worker: assignment.worker })
  const steps = new UndoSteps()
  try {
    const presence = await WorkerPresence.show(assignment.folder)
    steps.undo(() => presence.end())
    const plugins = await loadPlugins(settings)
    const core = await startCore({ settings, ...assignment }, plugins, log, openKernel, steps)
    const front = await openFront(settings, core, log, steps, {
      listen: assignment.listen,
      ticketKeys: Buffer.from(assignment.ticketKeys, 'base64'),
    })
    if (front.metrics) primary.onMeasure(() => front.metrics?.registry.getMetricsAsJSON() ?? Promise.resolve([]))
    if (front.metrics) primary.onProfile()
    primary.onReload(() => void front.reload())
    letYoungGenerationGrow()
    primary.say({ kind: 'ready', url: front.url, nearest: front.nearest })
    const signalled = signal(settings.listen.host)
    const failed = core.failed.then((cause) => ({ pace: failedPace, failure: storeFailure(cause) }))
    const end = await Promise.race([primary.stop, signalled, failed])
    const longest = 'longest' in end ? end.longest : longestDrain
    setTimeout(() => process.kill(process.pid, 'SIGKILL'), longest).unref()
    await front.shut(end.pace)
    if ('failure' in end) throw end.failure
  } catch (error) {
    const { message, code } = error as NodeJS.ErrnoException
    primary.say({ kind: 'refused', message, ...(code === undefined ? {} : { code }) })
    throw error
  } finally {
    await steps.takeApart().finally(() => {
      flush()
      primary.leave()
    })
  }
}

interface End {
  readonly pace: ShutdownPace | undefined
  readonly longest?: number
}

/** The other end of the channel. */
class Primary {
  readonly assignment: Promise<Assignment>
  readonly stop: Promise<End>

  constructor() {
    this.assignment = new Promise((resolve, reject) => {
      process.on('message', (message: ToWorker) => {
        if (message.kind === 'begin') resolve(message)
      })
      process.once('disconnect', () => reject(new Error('The primary is gone')))
    })
    this.stop = new Promise((resolve) => {
      process.on('message', (message: ToWorker) => {
        if (message.kind === 'stop') resolve({ pace: message.pace })
      })
      process.once('disconnect', () => resolve(orphaned))
    })
    this.say({ kind: 'hello' })
  }

  onMeasure(measure: () => Promise<readonly object[]>): void {
    process.on('message', (message: ToWorker) => {
      if (message.kind !== 'measure') return
      const { question } = message
      measure().then(
        (metrics) => this.say({ kind: 'measured', question, metrics }),
        () => this.say({ kind: 'measured', question, metrics: [] }),
      )
    })
  }

  onProfile(): void {
    process.on('message', (message: ToWorker) => {
      if (message.kind !== 'profile') return
      const { question, milliseconds } = message
      import('../metrics/cpu-profile.js')
        .then(({ takeCpuProfile }) => takeCpuProfile(milliseconds))
        .then(
          (profile) => this.say({ kind: 'profiled', question, profile }),
          () => this.say({ kind: 'profiled', question, profile: undefined }),
        )
    })
  }

  onReload(reload: () => void): void {
    process.on('message', (message: ToWorker) => {
      if (message.kind === 'reload') reload()
    })
    // For all: the primary has it too, and tells each.
    process.on('SIGHUP', () => {})
  }

  say(message: FromWorker): void {
    if (process.connected) process.send?.(message, undefined, {}, () => {})
  }

  /** The channel would keep the process. */
  leave(): void {
    if (process.connected) process.disconnect()
  }
}

/** Whoever signals the whole group means the workers too; whoever signals one worker gets another in its place. */
function signal(host: string): Promise<End> {
  return new Promise((resolve) => {
    for (const name of ['SIGTERM', 'SIGINT'] as const) process.on(name, () => resolve({ pace: paceAfter(name, host) }))
  })
}
