import { residentMiB } from './process-cpu.js'

export interface Watched<Result> {
  readonly result: Result
  readonly seconds: number
  /** MiB. */
  readonly before: number
  readonly peak: number
}

/** How long it took, and how far the resident memory of a process rose meanwhile, looked at each 50 ms. */
export async function watched<Result>(pid: number, work: () => Promise<Result>): Promise<Watched<Result>> {
  const before = residentMiB(pid)
  let peak = before
  const timer = setInterval(() => {
    peak = Math.max(peak, residentMiB(pid))
  }, 50)
  const began = performance.now()
  try {
    const result = await work()
    const seconds = (performance.now() - began) / 1_000
    return { result, seconds, before, peak: Math.max(peak, residentMiB(pid)) }
  } finally {
    clearInterval(timer)
  }
}

export function growthRow(what: string, bytes: number, { seconds, before, peak }: Watched<unknown>) {
  return {
    transfer: what,
    'MiB/s': Math.round(bytes / 1024 ** 2 / seconds),
    'RSS before, MiB': Math.round(before),
    'RSS peak, MiB': Math.round(peak),
    'grew by, MiB': Math.round(peak - before),
  }
}
