import { readFileSync } from 'node:fs'

const ceiling = 16_384
/** Where the system does not tell. */
const unknown = 1_024
/** Of the files and pipes that the process itself holds. */
const own = 256
/** A request reads a blob, or writes one and names its folder. */
const perRequest = 2

/** How many files and sockets this process may have open: the soft limit, by Linux's table. */
export function softLimit(table: () => string = () => readFileSync('/proc/self/limits', 'latin1')): number {
  try {
    const [, soft] = /^Max open files +(\d+|unlimited)/m.exec(table()) ?? []
    return soft === 'unlimited' ? ceiling + own : Number(soft ?? unknown)
  } catch {
    return unknown
  }
}

/** What sockets and files share (security guide 3.3): over it a request is refused before it opens anything, and accepting goes on. */
export class DescriptorBudget {
  readonly #most: number

  constructor(limit = softLimit()) {
    this.#most = Math.min(limit - Math.min(own, Math.floor(limit / 4)), ceiling)
  }

  /** More connections than this are closed as they come: not one of them could be answered. */
  get connections(): number {
    return this.#most
  }

  holds(connections: number, requests: number): boolean {
    return connections + perRequest * requests <= this.#most
  }
}
