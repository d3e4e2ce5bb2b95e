import cluster, { type Worker } from 'node:cluster'
import type { Readable } from 'node:stream'
import type { Logger } from '#core'
import { HouseFailure, storeFailedStatus, storeFailure } from '../house-failure.js'
import type { Addresses } from '../house-front.js'
import type { ShutdownPace } from '../server/shutdown.js'
import { Deaths } from './deaths.js'
import { closeUnhanded } from './handed-connections.js'
import { relayLines } from './line-relay.js'
import type { Assignment, FromWorker, ToWorker } from './messages.js'

/** A worker that has not ended by then is killed (security guide 1.10): every state of the store is safe to be killed in. Milliseconds. */
const longestDrain = 90_000
const longestAnswer = 2_000

interface Member {
  readonly worker: Worker
  readonly place: number
  readySince: number | undefined
  refusal: (Error & { code?: string }) | undefined
}

/** The serving processes under one primary: as many as were asked for, each dead one followed by another. */
export class Crew {
  readonly #assignment: Omit<Assignment, 'worker'>
  readonly #log: Logger
  readonly #relay: (lines: string) => void
  readonly #members = new Map<number, Member>()
  readonly #restarts = new Set<NodeJS.Timeout>()
  readonly #deaths = new Deaths()
  readonly #measuring = new Map<number, (metrics: readonly object[]) => void>()
  readonly #profiling = new Map<number, (profile: string | undefined) => void>()
  #questions = 0
  #stopping = false
  #ended: (() => void) | undefined
  #fail: ((failure: HouseFailure) => void) | undefined
  #begun: { readonly ready: (addresses: Addresses) => void; readonly refuse: (error: Error) => void } | undefined
  /** Resolves when no crew can serve any more; it must then be stopped. */
  readonly failed = new Promise<HouseFailure>((resolve) => {
    this.#fail = resolve
  })

  constructor(assignment: Omit<Assignment, 'worker'>, log: Logger, relay: (lines: string) => void) {
    this.#assignment = assignment
    this.#log = log
    this.#relay = relay
    cluster.schedulingPolicy = cluster.SCHED_RR
    cluster.setupPrimary({
      exec: process.argv[1] as string,
      args: process.argv.slice(2),
      stdio: ['ignore', 'inherit', 'pipe', 'ipc'],
    })
  }

  /** Resolves when all accept connections; rejects with the first refusal of one. */
  begin(count: number): Promise<Addresses> {
    return new Promise((resolve, reject) => {
      this.#begun = { ready: resolve, refuse: reject }
      for (let place = 1; place <= count; place++) this.#fork(place)
    })
  }

  /** Process ids of those who live. */
  get pids(): readonly number[] {
    return [...this.#members.values()].flatMap(({ worker }) => worker.process.pid ?? [])
  }

  /** Resolves when the last one has ended. */
  async stop(pace?: ShutdownPace): Promise<void> {
    this.#stopping = true
    for (const timer of this.#restarts) clearTimeout(timer)
    this.#restarts.clear()
    const ended = new Promise<void>((resolve) => {
      this.#ended = resolve
    })
    this.say({ kind: 'stop', pace })
    const late = setTimeout(() => {
      this.#log.warn('workers.killed', { count: this.#members.size })
      this.kill()
    }, longestDrain)
    if (this.#members.size > 0) await ended
    clearTimeout(late)
  }

  kill(): void {
    for (const { worker } of this.#members.values()) worker.process.kill('SIGKILL')
  }

  /** To everybody who can hear it. */
  say(message: ToWorker): void {
    for (const { worker } of this.#members.values()) send(worker, message)
  }

  /** Metrics of those that answer in time, each as its library tells them. */
  measure(): Promise<readonly (readonly object[])[]> {
    const question = ++this.#questions
    const asked = [...this.#members.values()].filter(({ worker, readySince }) => readySince !== undefined && worker.isConnected())
    return new Promise((resolve) => {
      const answers: (readonly object[])[] = []
      const done = () => {
        clearTimeout(late)
        this.#measuring.delete(question)
        resolve(answers)
      }
      const late = setTimeout(done, longestAnswer)
      this.#measuring.set(question, (metrics) => {
        answers.push(metrics)
        if (answers.length === asked.length) done()
      })
      if (asked.length === 0) done()
      for (const { worker } of asked) send(worker, { kind: 'measure', question })
    })
  }

  /** A CPU profile of the worker in this place; undefined where it cannot be had. */
  profile(place: number, milliseconds: number): Promise<string | undefined> {
    const worker = this.#members.get(place)?.worker
    if (!worker?.isConnected()) return Promise.resolve(undefined)
    const question = ++this.#questions
    return new Promise((resolve) => {
      const done = (profile?: string) => {
        clearTimeout(late)
        this.#profiling.delete(question)
        resolve(profile)
      }
      const late = setTimeout(done, milliseconds + longestAnswer)
      this.#profiling.set(question, done)
      send(worker, { kind: 'profile', question, milliseconds })
    })
  }

  #fork(place: number): void {
    const worker = cluster.fork()
    const member: Member = { worker, place, readySince: undefined, refusal: undefined }
    this.#members.set(place, member)
    closeUnhanded(worker.process)
    relayLines(worker.process.stderr as Readable, this.#relay)
    // Of a channel that its worker has left: its end tells the rest.
    worker.on('error', (cause) => this.#log.warn('worker.channel', { worker: place, cause }))
    worker.on('message', (message: FromWorker) => this.#hear(member, message))
    worker.once('exit', (code: number | null, signal: string | null) => this.#bury(member, code, signal))
  }

  #hear(member: Member, message: FromWorker): void {
    switch (message.kind) {
      case 'hello':
        send(member.worker, { kind: 'begin', worker: member.place, ...this.#assignment })
        if (this.#stopping) send(member.worker, { kind: 'stop', pace: undefined })
        return
      case 'ready':
        member.readySince = performance.now()
        this.#log.info('worker.ready', { worker: member.place, pid: member.worker.process.pid ?? 0 })
        if ([...this.#members.values()].every(({ readySince }) => readySince !== undefined)) this.#begun?.ready(message)
        return
      case 'measured':
        this.#measuring.get(message.question)?.(message.metrics)
        return
      case 'profiled':
        this.#profiling.get(message.question)?.(message.profile)
        return
      case 'refused':
        member.refusal = Object.assign(new Error(message.message), message.code === undefined ? {} : { code: message.code })
        this.#begun?.refuse(member.refusal)
    }
  }

  #bury({ worker, place, readySince, refusal }: Member, code: number | null, signal: string | null): void {
    this.#members.delete(place)
    if (this.#stopping) {
      if (this.#members.size === 0) this.#ended?.()
      return
    }
    if (code === 0) {
      this.#log.info('worker.left', { worker: place })
      this.#fork(place)
      return
    }
    const pid = worker.process.pid ?? 0
    const why = refusal === undefined ? {} : { reason: refusal.message }
    this.#log.error('worker.ended', {
      worker: place,
      pid,
      ...(code === null ? {} : { status: code }),
      signal: signal ?? '',
      ...why,
    })
    this.#begun?.refuse(refusal ?? new HouseFailure(`A worker ended with ${code ?? signal} before it was ready`, 1))
    if (code === storeFailedStatus) {
      this.#fail?.(storeFailure())
      return
    }
    const now = performance.now()
    const pause = this.#deaths.next(now, readySince === undefined ? 0 : now - readySince)
    if (pause === undefined) {
      this.#fail?.(new HouseFailure('The house stops: its workers end as soon as they have begun; the log says why', 1))
      return
    }
    const restart = setTimeout(() => {
      this.#restarts.delete(restart)
      this.#fork(place)
    }, pause)
    this.#restarts.add(restart)
  }
}

function send(worker: Worker, message: ToWorker): void {
  if (worker.isConnected()) worker.send(message, undefined, () => {})
}
