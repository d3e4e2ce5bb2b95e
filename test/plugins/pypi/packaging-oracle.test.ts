import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { expect } from 'chai'
import fc from 'fast-check'
import { parseFilename } from '../../../plugins/pypi/distribution-file.js'
import { normalizeName } from '../../../plugins/pypi/project-name.js'
import { compareVersions, isPreRelease, normalVersion, parseVersion, versionKey } from '../../../plugins/pypi/version.js'
import { isSpecifierSet } from '../../../plugins/pypi/version-specifier.js'
import { obtain } from '../../clients/client-cache.js'
import { pythonTools } from '../../clients/python-tools.js'

const seed = Number(process.env['FUZZ_SEED'] ?? 440)
const sample = <T>(arbitrary: fc.Arbitrary<T>, count: number) => fc.sample(arbitrary, { numRuns: count, seed })

const number = fc.oneof(
  fc.nat(3).map(String),
  fc.constantFrom('0', '00', '01', '007', '10', '2024', '20240102030405060708', '99999999999999999999'),
)
const separator = fc.constantFrom('', '.', '-', '_')
const maybe = (part: fc.Arbitrary<string>, weight = 1) =>
  fc.oneof({ weight, arbitrary: part }, { weight: 2, arbitrary: fc.constant('') })
const suffix = (words: readonly string[]) =>
  fc
    .tuple(separator, fc.constantFrom(...words), separator, maybe(number, 3))
    .map(([before, word, between, digits]) => before + word + (digits === '' ? '' : between) + digits)
const local = fc
  .array(fc.oneof(number, fc.constantFrom('a', 'abc', 'Ubuntu', '0b', 'z9', '1a')), { minLength: 1, maxLength: 3 })
  .chain((parts) => fc.constantFrom('.', '-', '_').map((between) => `+${parts.join(between)}`))
const version = fc
  .tuple(
    fc.oneof({ weight: 6, arbitrary: fc.constant('') }, fc.constantFrom('v', 'V', ' ', '\t')),
    maybe(number.map((epoch) => `${epoch}!`)),
    fc.array(number, { minLength: 1, maxLength: 4 }).map((release) => release.join('.')),
    maybe(suffix(['a', 'b', 'rc', 'c', 'alpha', 'beta', 'pre', 'preview', 'RC', 'Alpha'])),
    maybe(
      fc.oneof(
        suffix(['post', 'rev', 'r', 'POST']),
        number.map((digits) => `-${digits}`),
      ),
    ),
    maybe(suffix(['dev', 'DEV'])),
    maybe(local),
    fc.oneof({ weight: 6, arbitrary: fc.constant('') }, fc.constantFrom(' ', '\n')),
  )
  .map((parts) => parts.join(''))
/** Pairs that share a beginning tell more than pairs that differ at once. */
const pair = fc.oneof(
  fc.tuple(version, version),
  fc
    .tuple(version, fc.constantFrom('', '.0', '.0.0', 'a1', 'rc1', '.post1', '.dev1', '.dev0', '+1', '+a', '+a.1', '.post0.dev1'))
    .map(([start, end]) => [start.trim(), start.trim() + end] as [string, string]),
)
const mutated = fc
  .tuple(
    version,
    fc.nat(30),
    fc.constantFrom('', '-', '.', '+', '!', '_', ' ', 'x', '1', 'a', '*', '\u0661', '\u00e9', '..', '--'),
  )
  .map(([whole, at, piece]) => whole.slice(0, at) + piece + whole.slice(at + (at % 2)))
const clause = fc
  .tuple(
    fc.constantFrom('', ' '),
    fc.constantFrom('==', '!=', '>=', '<=', '<', '>', '~=', '===', '=', '=>', ''),
    fc.constantFrom('', ' '),
    fc.oneof(
      { weight: 3, arbitrary: version.map((one) => one.trim()) },
      version.map((one) => `${one.trim()}.*`),
      fc.constantFrom('*', '', 'x'),
    ),
  )
  .map((parts) => parts.join(''))
const specifier = fc.array(clause, { minLength: 1, maxLength: 3 }).map((clauses) => clauses.join(','))
const name = fc
  .array(fc.constantFrom('a', 'B', 'foo', '0', '-', '_', '.', '--', '._-'), { minLength: 1, maxLength: 6 })
  .map((parts) => `x${parts.join('')}y`)
const tag = fc
  .array(fc.constantFrom('py3', 'py2', 'cp312', 'abi3', 'none', 'any', 'win_amd64', 'manylinux_2_17_x86_64'), {
    minLength: 1,
    maxLength: 2,
  })
  .map((tags) => tags.join('.'))
const wheel = fc
  .tuple(
    fc.constantFrom('foo', 'Foo_Bar', 'foo.bar', 'foo__bar', 'f', 'fo*o', ''),
    version.map((one) => one.trim()),
    maybe(fc.constantFrom('-1', '-01', '-1abc', '-2_b', '-abc')),
    tag,
    tag,
    tag,
    fc.oneof({ weight: 9, arbitrary: fc.constant('.whl') }, fc.constantFrom('.WHL', 'x.whl')),
  )
  .map(([project, one, build, python, abi, platform, end]) => `${project}-${one}${build}-${python}-${abi}-${platform}${end}`)
const sdist = fc
  .tuple(fc.constantFrom('foo', 'Foo_Bar', 'foo-bar', 'foo-1.0', 'f'), version, fc.constantFrom('.tar.gz', '.zip', '.tgz'))
  .map(([project, one, end]) => `${project}-${one.trim()}${end}`)

describe('names, versions and file names beside the library that clients use', () => {
  let python: string
  before(async function () {
    python = join(await obtain(this, 'packaging 26.4', () => pythonTools('packaging', ['packaging==26.4'])), 'python')
  })

  const ask = async (questions: readonly (readonly string[])[]): Promise<unknown[]> => {
    const oracle = spawn(python, [join('test', 'support', 'packaging_oracle.py')], { stdio: ['pipe', 'pipe', 'pipe'] })
    const failed = text(oracle.stderr)
    const answered = text(oracle.stdout)
    oracle.stdin.end(questions.map((question) => `${JSON.stringify(question)}\n`).join(''))
    const code = await new Promise<number | null>((resolve, reject) => oracle.once('error', reject).once('close', resolve))
    if (code !== 0) throw new Error(await failed)
    return (await answered)
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as unknown)
  }
  const agree = async (questions: readonly (readonly string[])[], ours: (words: readonly string[]) => unknown) => {
    const theirs = await ask(questions)
    const wrong = questions
      .map(([, ...words], at) => ({ words, ours: ours(words), theirs: theirs[at] }))
      .filter(({ ours: a, theirs: b }) => JSON.stringify(a) !== JSON.stringify(b))
    process.stdout.write(`    ${questions.length} asked, ${wrong.length} answered otherwise\n`)
    expect(wrong.slice(0, 10)).to.deep.equal([])
  }

  it('orders 120,000 pairs of versions as it does', async function () {
    this.timeout(300_000)
    const short = ([a, b]: readonly [string, string]) => parseVersion(a) !== undefined && parseVersion(b) !== undefined
    const pairs = sample(pair, 150_000).filter(short).slice(0, 120_000)
    expect(pairs).to.have.length(120_000)
    await agree(
      pairs.map((words) => ['compare', ...words]),
      ([a = '', b = '']) => {
        const [left, right] = [parseVersion(a), parseVersion(b)]
        return left && right && Math.sign(compareVersions(left, right)) + 0
      },
    )
  })

  it('takes and refuses 60,000 texts as versions as it does, and spells them alike', async function () {
    this.timeout(300_000)
    const texts = [...sample(version, 30_000), ...sample(mutated, 30_000)].filter((one) => one.trim().length <= 128)
    await agree(
      texts.map((one) => ['version', one]),
      ([one = '']) => {
        const parsed = parseVersion(one)
        return parsed === undefined ? null : [normalVersion(parsed), versionKey(parsed), isPreRelease(parsed)]
      },
    )
  })

  it('takes and refuses 20,000 sets of specifiers as it does', async function () {
    this.timeout(300_000)
    await agree(
      sample(specifier, 20_000).map((one) => ['specifier', one]),
      ([one = '']) => isSpecifierSet(one),
    )
  })

  it('reads 16,000 names of wheels and source distributions as it does', async function () {
    this.timeout(300_000)
    // A name is not empty and has no '!' or '+', a build is letters, digits, '_' and '.': the library lets more pass.
    const strict = (one: string) =>
      one.endsWith('.whl')
        ? !one.startsWith('-') && !/^[^-]*-[^-]*-[0-9][A-Za-z0-9_.]*[+!]/.test(one)
        : !/[+!]/.test(one.slice(0, one.lastIndexOf('-')))
    const names = [...sample(wheel, 14_000), ...sample(sdist, 6_000)].filter(strict)
    await agree(
      names.map((one) => ['filename', one]),
      ([one = '']) => {
        const file = parseFilename(one)
        if (file === undefined) return null
        const named = [file.project, normalVersion(file.version)]
        if (file.type === 'sdist') return named
        const build = /^([0-9]+)(.*)$/.exec(file.build ?? '')
        const tags = file.python.flatMap((py) => file.abi.flatMap((abi) => file.platform.map((on) => `${py}-${abi}-${on}`)))
        return [...named, build ? [Number(build[1]), build[2] ?? ''] : [], tags.sort()]
      },
    )
  })

  it('normalizes 20,000 names of projects as it does', async function () {
    this.timeout(300_000)
    await agree(
      sample(name, 20_000).map((one) => ['name', one]),
      ([one = '']) => normalizeName(one),
    )
  })
})
