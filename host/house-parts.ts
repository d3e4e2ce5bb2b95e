import type { Logger, ProtocolPlugin } from '#core'
import type { Settings } from './config/settings.js'
import type { Setup } from './first-start.js'
import type { Kernel } from './server/express-app.js'

/** The kernel as a running house needs it. */
export interface HouseKernel extends Kernel {
  install(plugin: ProtocolPlugin, address?: string): void
  start(): Promise<void>
  close(): Promise<void>
  readonly setup: Setup
  /** Where it listens, told once, where that is loopback. */
  servedAt?(url: URL): void
  /** Is a repository served at the root of this host name? */
  isRootMount?(hostname: string): Promise<boolean>
  /** Depths of queues and the like, for whoever watches the house. */
  figures?(): readonly Figure[]
}

export interface Figure {
  /** 'reminders_due': it is told as cloudrepo_reminders_due. */
  readonly name: string
  readonly help: string
  /** A counter only ever grows while the process lives. */
  readonly kind: 'gauge' | 'counter'
  /** Asked for when somebody looks. */
  readonly read: () => number | Promise<number>
  /** Of what all processes share it is the largest, of what each has by itself the sum. */
  readonly together: 'sum' | 'max'
}

export interface KernelPlace {
  readonly settings: Settings
  /** Real path of the data folder. */
  readonly folder: string
  readonly keyFile: string
  readonly log: Logger
  /** Called once, when the store takes no more writes and the process has to end. */
  readonly onFatal: (failure: Error) => void
}
export type OpenKernel = (place: KernelPlace) => Promise<HouseKernel>
