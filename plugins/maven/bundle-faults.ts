import { RegistryError } from '#core'
import { parseMavenPath, type VersionFolder } from './layout.js'

/** A record of all of it is one document. */
const mostTold = 200
const longestMessage = 500
const kinds: ReadonlySet<string> = new Set(['invalid', 'unprocessable', 'conflict', 'too-large'])

/** What is wrong with a bundle, by the purl of the version that it concerns, or 'bundle': all of it is told at once. */
export class BundleFaults {
  private readonly found = new Map<string, string[]>()
  private count = 0

  get none(): boolean {
    return this.count === 0
  }

  /** `path`: of the file that it concerns. */
  add(path: string, message: string): void {
    if (++this.count > mostTold) return
    const parsed = parseMavenPath(path)
    const folder = parsed.kind === 'artifact' || parsed.kind === 'other' ? parsed.folder : undefined
    this.of(folder === undefined ? 'bundle' : purlOf(folder)).push(
      message.length > longestMessage ? `${message.slice(0, longestMessage)}…` : message,
    )
  }

  /** Runs `judge`, and keeps what it refuses. What is no fault of the bundle (no room, no answer of the store) passes through. */
  async collect(path: string, judge: () => Promise<void>): Promise<void> {
    try {
      await judge()
    } catch (thrown) {
      if (!(thrown instanceof RegistryError) || !kinds.has(thrown.kind) || thrown.detail['code'] === 'quota') throw thrown
      this.add(path, wordsOf(path, thrown))
    }
  }

  asJson(): Readonly<Record<string, readonly string[]>> {
    const more = this.count - mostTold
    return Object.fromEntries([
      ...this.found,
      ...(more > 0 ? [['bundle', [...this.of('bundle'), `and ${more} more`]] as const] : []),
    ])
  }

  private of(component: string): string[] {
    const messages = this.found.get(component) ?? []
    this.found.set(component, messages)
    return messages
  }
}

function wordsOf(path: string, { message, detail }: RegistryError): string {
  const { algorithm, expected, actual } = detail
  return typeof algorithm === 'string' && expected !== undefined
    ? `The ${algorithm} of ${path} is ${String(actual)}, in the bundle it is ${String(expected)}`
    : message
}

/** As package-url spells it: 'pkg:maven/org.demo/lib@1.0'. */
export function purlOf({ groupId, artifactId, baseVersion }: VersionFolder): string {
  return `pkg:maven/${[groupId, artifactId].map(encodeURIComponent).join('/')}@${encodeURIComponent(baseVersion)}`
}
