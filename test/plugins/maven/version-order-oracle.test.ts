import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { expect } from 'chai'
import fc from 'fast-check'
import { compareGenericVersions } from '../../../plugins/maven/version-order.js'
import { note } from '../../clients/client-cache.js'
import { findLibrary, findMavenHome } from '../../support/maven-home.js'

const words = [
  'alpha',
  'beta',
  'milestone',
  'rc',
  'cr',
  'snapshot',
  'SNAPSHOT',
  'ga',
  'Final',
  'release',
  'sp',
  'a',
  'b',
  'm',
  'x',
  'min',
  'max',
  'foo',
]
const token = fc.oneof(
  fc.constantFrom(...words),
  fc.integer({ min: 0, max: 30 }).map(String),
  fc.constantFrom('0', '00', '01', '20260131', '99999999999', '2147483648', ''),
)
const version = fc
  .array(fc.tuple(token, fc.constantFrom('.', '-', '_', '')), { minLength: 1, maxLength: 7 })
  .map((parts) => parts.map(([word, separator]) => word + separator).join(''))
/** Pairs that share a beginning tell more than pairs that differ at once. */
const pair = fc.oneof(
  fc.tuple(version, version),
  fc.tuple(version, version, version).map(([start, a, b]) => [`${start}.${a}`, `${start}.${b}`] as [string, string]),
  fc
    .tuple(version, fc.constantFrom('', '.0', '-ga', '.0-1', '-alpha', '.0.0.x'))
    .map(([a, end]) => [a, a + end] as [string, string]),
)

/** Resolver before 2 takes a first item that is text for equal to a first 0. */
function ordinary(a: string, b: string): boolean {
  return [a, b].every((version) => /^\d/.test(version))
}

async function ask(classPath: string, pairs: readonly (readonly [string, string])[]): Promise<number[]> {
  const java = spawn('java', ['-cp', classPath, join('test', 'support', 'VersionOracle.java')], {
    stdio: ['pipe', 'pipe', 'pipe'],
  })
  const failed = text(java.stderr)
  const answered = text(java.stdout)
  java.stdin.end(pairs.map(([a, b]) => `${a}\t${b}\n`).join(''))
  const code = await new Promise<number | null>((resolve, reject) => java.once('error', reject).once('close', resolve))
  if (code !== 0) throw new Error(await failed)
  return (await answered).trim().split('\n').map(Number)
}

describe('the order of Maven versions beside the class that Maven resolves with', () => {
  it('agrees on 200,000 random pairs', async function () {
    this.timeout(1200_000)
    const home = await findMavenHome()
    const util = home === undefined ? undefined : await findLibrary(home, 'maven-resolver-util')
    const api = home === undefined ? undefined : await findLibrary(home, 'maven-resolver-api')
    if (util === undefined || api === undefined) {
      note('the order of Maven versions against the real class: no mvn with its resolver on the path')
      return this.skip()
    }
    const classPath = `${api}:${util}`
    const [firstItems] = await ask(classPath, [['0', 'alpha']])
    const pairs = fc.sample(pair, 200_000).filter(([a, b]) => firstItems !== 0 || ordinary(a, b))
    const answers = await ask(classPath, pairs)
    const wrong = pairs
      .map(([a, b], index) => ({ a, b, ours: Math.sign(compareGenericVersions(a, b)) + 0, theirs: answers[index] }))
      .filter(({ ours, theirs }) => ours !== theirs)
    expect(wrong.slice(0, 20)).to.deep.equal([])
    expect([answers.length, pairs.length > 50_000]).to.deep.equal([pairs.length, true])
    process.stdout.write(`      ${pairs.length} pairs compared with the real class\n`)
  })
})
