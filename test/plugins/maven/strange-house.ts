import { expect } from 'chai'
import { mavenPlugin } from '../../../plugins/maven/index.js'
import { type Answer, type House, openHouse } from '../../support/house.js'

/** Fuzzed requests of one suite. */
export const runs = Number(process.env['FUZZ_RUNS'] ?? 80)

/** A strict repository `mvn` and a permissive one `loose`, whose answers are never 5xx, and what lies in them. */
export class StrangeHouse {
  private sent = 0

  private constructor(readonly house: House) {}

  static async open(): Promise<StrangeHouse> {
    const repositories = [
      { name: 'mvn', format: 'maven' },
      { name: 'loose', format: 'maven', layoutPolicy: 'permissive' as const },
    ]
    return new StrangeHouse(await openHouse({ plugins: [mavenPlugin()], repositories }))
  }
  async close(): Promise<void> {
    process.stdout.write(`    ${this.sent} strange requests sent\n`)
    await this.house.close()
  }

  count(): void {
    this.sent += 1
  }
  async send(
    method: string,
    target: string,
    body?: string | Uint8Array,
    headers: Readonly<Record<string, string>> = {},
  ): Promise<Answer> {
    this.count()
    const answer = await this.house.call(method, target, { as: 'olga', headers, ...(body === undefined ? {} : { body }) })
    expect(answer.status, `${method} ${target}: ${answer.text().slice(0, 300)}`).to.be.below(500)
    return answer
  }
  async stored() {
    const { house } = this
    return {
      files: await house.storedFiles(),
      documents: await house.storedDocuments(),
      blobs: await house.storedBlobs(),
    }
  }
}
