import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { run } from './run.js'

/** What the generated cases are filled with: names that exist, so that they get beyond 404. `deletable` organizations may vanish. */
export interface KnownNames {
  readonly organizations: readonly string[]
  readonly deletable: readonly string[]
  readonly repositories: readonly string[]
  /** Repositories that were deleted, and can be brought back. */
  readonly trash: readonly string[]
  readonly members: readonly string[]
  readonly groups: readonly string[]
  readonly formats: readonly string[]
  readonly tokens: readonly string[]
  /** Whose tokens these are. */
  readonly owners: readonly string[]
  readonly scopes: readonly string[]
  readonly packages: readonly string[]
  /** Deletes in the raw repository of acme, that can be undone. */
  readonly deletions: readonly string[]
  /** Versions of the Python project lute, and Python projects that may vanish, in the first organization. */
  readonly releases: readonly string[]
  readonly leaving: readonly string[]
  readonly words: readonly string[]
  readonly chores: readonly string[]
  readonly erasures: readonly string[]
}

export interface Sweep {
  /** The command, of the folder that `pythonTools` answers. */
  readonly command: string
  readonly folder: string
  readonly url: string
  readonly description: string
  readonly names: KnownNames
  readonly token?: string
  /** Operations that are left out. */
  readonly without?: readonly string[]
  readonly phases: readonly ('examples' | 'coverage' | 'fuzzing' | 'stateful')[]
  readonly checks: readonly string[]
  /** Cases per operation in fuzzing, steps' worth in the stateful phase. */
  readonly examples: number
  readonly seed: number
}

export interface Verdict {
  readonly generated: number
  readonly seconds: number
  readonly tested: number
  /** A line each. */
  readonly failures: readonly string[]
  /** By operation, over all phases: how many cases that fit the description were answered 2xx. */
  readonly accepted: Readonly<Record<string, number>>
  readonly output: string
}

interface Report {
  readonly running_time: number
  readonly operations: { readonly tested: number }
  readonly test_cases: { readonly generated: number }
  readonly failures: readonly {
    readonly code: string
    readonly title: string
    readonly count: number
    readonly operations: readonly string[]
  }[]
  readonly errors: readonly unknown[]
  readonly valid_rates: Readonly<Record<string, Readonly<Record<string, { readonly accepted: number }>>>>
}

/** One run of schemathesis over the description, to its end. */
export async function sweep(options: Sweep): Promise<Verdict> {
  const { command, folder, url, description, names, token, without = [], phases, checks, examples, seed } = options
  const [document, settings, report] = ['openapi.json', 'schemathesis.toml', 'report.json'].map((name) => join(folder, name)) as [
    string,
    string,
    string,
  ]
  await writeFile(document, description)
  await writeFile(settings, settingsOf(names))
  const words = [
    '--config-file',
    settings,
    'run',
    document,
    '--url',
    url,
    '--phases',
    phases.join(','),
    '--checks',
    checks.join(','),
  ]
  words.push(
    '--max-examples',
    String(examples),
    '--seed',
    String(seed),
    '--no-shrink',
    '--continue-on-failure',
    '--warnings',
    'off',
  )
  words.push('--report', 'json', '--report-json-path', report)
  for (const operation of without) words.push('--exclude-operation-id', operation)
  if (token !== undefined) words.push('--header', `Authorization: Bearer ${token}`)
  const ran = await run(command, words, { cwd: folder, timeout: 1_800_000 })
  const told = JSON.parse(await readFile(report, 'utf8').catch(() => Promise.reject(new Error(ran.output)))) as Report
  // An undeclared GET is tried with the body of the declared PUT: the host refuses that before it looks at the address.
  const counted = told.failures.filter(({ code, operations }) => code !== 'ST204' || operations.some((one) => !/^GET /.test(one)))
  const failures = counted.map(({ code, title, count, operations }) => `${code} ${title} (${count}): ${operations.join(', ')}`)
  return {
    generated: told.test_cases.generated,
    seconds: told.running_time,
    tested: told.operations.tested,
    failures: [...failures, ...told.errors.map((error) => JSON.stringify(error))],
    accepted: Object.fromEntries(
      Object.entries(told.valid_rates).map(([operation, rates]) => [
        operation,
        Object.values(rates).reduce((sum, { accepted }) => sum + accepted, 0),
      ]),
    ),
    output: ran.output.replaceAll(/^(.{400}).*$/gm, '$1…'),
  }
}

/** What is done to releases: of a project that has some, or to projects that may vanish. */
const releaseOperations = [
  ['createPackageVersionYank', 'lute'],
  ['deletePackageVersionYank', 'lute'],
  ['setPackageStatus', 'lute'],
  ['deletePackageVersion', 'lute'],
  ['deletePackage', { dictionary: 'leaving', probability: 0.9 }],
] as const
function onReleases([operation, pkg]: (typeof releaseOperations)[number]): string {
  const project = typeof pkg === 'string' ? `"${pkg}"` : `{ dictionary = "${pkg.dictionary}", probability = ${pkg.probability} }`
  const version = '"path.version" = { dictionary = "releases", probability = 0.9 }'
  const parameters = `"path.repository" = "pypi", "path.org" = "acme", "path.package" = ${project}, ${version}`
  return `[[operations]]\ninclude-operation-id = "${operation}"\nparameters = { ${parameters} }`
}

function settingsOf(names: KnownNames): string {
  const dictionaries = Object.entries(names).map(([name, values]) => `[dictionaries.${name}]\nvalues = ${JSON.stringify(values)}`)
  const bound = ([name, dictionary, probability]: readonly [string, string, number]) =>
    `"${name}" = { dictionary = "${dictionary}", probability = ${probability} }`
  const parameters = [
    ['path.org', 'organizations', 0.9],
    ['path.organization', 'deletable', 0.9],
    ['path.repository', 'repositories', 0.9],
    ['path.deleted', 'trash', 0.9],
    ['path.member', 'members', 0.9],
    ['path.group', 'groups', 0.9],
    ['path.format', 'formats', 0.9],
    ['path.token', 'tokens', 0.5],
    ['path.package', 'packages', 0.9],
    ['query.q', 'words', 0.5],
    ['path.chore', 'chores', 0.9],
    ['path.erasure', 'erasures', 0.9],
    ['body.scopes[*]', 'scopes', 0.8],
    ['query.member', 'members', 0.7],
    ['query.repository', 'repositories', 0.7],
    ['query.subject', 'groups', 0.7],
    ['body.subject', 'groups', 0.7],
    ['body.repository', 'repositories', 0.7],
    ['body.member', 'members', 0.7],
    ['body.format', 'formats', 0.7],
  ] as const
  return `${dictionaries.join('\n')}
[parameters]
${parameters.map(bound).join('\n')}
# Whatever the house refuses for its length before it looks further.
[checks]
negative_data_rejection.expected-statuses = [400, 401, 403, 404, 405, 409, 413, 414, 415, 422, 429]
# Links stand in the description; guessed ones take an id for the name that an address has.
[phases.stateful]
inference = { algorithms = [] }
[[operations]]
include-operation-id = "getPackage"
parameters = { "path.repository" = "npm", "path.org" = "acme" }
[[operations]]
include-operation-id = "getArtifactsFile"
parameters = { "path.repository" = "raw", "path.org" = "acme" }
${releaseOperations.map(onReleases).join('\n')}
[[operations]]
include-operation-id = "createDeletedDeletionUndo"
parameters = { "path.repository" = "raw", "path.org" = "acme", "path.deletion" = { dictionary = "deletions", probability = 0.9 } }
[[operations]]
include-path-regex = "/deleted-repositories/"
parameters = { "path.org" = "acme", "path.deleted" = { dictionary = "trash", probability = 0.9 } }
# These touch none but the organizations that may vanish.
[[operations]]
include-path-regex = "^/-/api/v1/organizations/"
parameters = { "path.organization" = { dictionary = "deletable", probability = 1.0 } }
phases.fuzzing.extra-data-sources = { responses = false }
[[operations]]
include-operation-id = "deleteToken"
parameters = { "path.token" = { dictionary = "tokens", probability = 0.9 }, "query.member" = { dictionary = "owners", probability = 0.9 } }
`
}
