// `npm test`: style, then every suite on the compiled output with coverage (of real clients the core set; `npm run test:clients` has the others), folder by
// folder and two folders at once, then what could not be had.
//   -- 'dist/test/core/**/*.test.js' …   these alone
import { spawnSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { countedLines, runLanes, totals } from './lanes.mjs'

const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))))
const bin = (name) => join(root, 'node_modules', '.bin', name)
const began = Date.now()
const notes = join(tmpdir(), `cloudrepo-test-notes-${process.pid}`)
const counts = join(tmpdir(), `cloudrepo-test-counts-${process.pid}`)
const coverage = join(root, 'coverage', 'tmp')
const only = process.argv.slice(2)
// What the core set of clients did, for the table of `npm run test:clients -- --more`.
const rows = join(root, 'dist', 'core-client-rows')
for (const left of [rows, coverage]) rmSync(left, { recursive: true, force: true })

const watched = { CLOUDREPO_TEST_NOTES: notes, CLOUDREPO_TEST_COUNTS: counts }
const covered = { ...watched, CLOUDREPO_CLIENT_ROWS: rows, NODE_V8_COVERAGE: coverage }

/** Folders whose suites are run as one; the longest first. What lies in none of them is the last. */
const folders = [
  'dist/test/clients',
  'dist/test/matrix',
  'dist/test/faults',
  'dist/test/attacks',
  'dist/test/lifecycle',
  'dist/test/plugins/raw',
  'dist/test/plugins/npm',
  'dist/test/plugins/pypi',
  'dist/test/plugins/maven',
  'dist/test/plugins',
  'dist/test/host',
  'dist/test/core',
]

function everySuite() {
  const files = ['dist/test', 'dist/examples']
    .flatMap((folder) => readdirSync(join(root, folder), { recursive: true }).map((name) => `${folder}/${name}`))
    .filter((file) => file.endsWith('.test.js') && !file.startsWith('dist/test/clients/more/'))
    .sort()
  const within = (file) => folders.find((folder) => file.startsWith(`${folder}/`)) ?? 'the others'
  return [...folders, 'the others'].map((title) =>
    suites(
      title,
      files.filter((file) => within(file) === title),
      covered,
    ),
  )
}

function suites(title, files, env) {
  return { title, command: bin('mocha'), args: files, env }
}

// What can be noticed from outside holds with two processes as well: a story of each format. All of it: CLOUDREPO_TEST_WORKERS=2 npm test.
const several = ['curl', 'npm', 'pip', 'maven'].map((client) => `dist/test/clients/${client}.test.js`)
const workers = suites('with two workers', several, { ...watched, CLOUDREPO_TEST_WORKERS: '2' })
// And on S3 with DynamoDB, real servers: a publication and an installation of each format. All of it: npm run test:cloud.
const cut =
  'curl .* puts, gets|npm .* (knows who|publishes a package|installs with)|uv .* publishes and installs|Maven (?!3\\.9\\.16)[0-9.]+ deploys'
const cloud = suites('on S3 and DynamoDB', [...several, '--grep', `^(${cut})`], { ...watched, CLOUDREPO_TEST_STORE: 'cloud' })

const style = spawnSync(bin('biome'), ['check', '--error-on-warnings', '.'], { cwd: root, stdio: 'inherit' }).status === 0
const twice = only.length === 0 && !process.env.CLOUDREPO_TEST_WORKERS
const jobs =
  only.length > 0
    ? [suites('chosen suites', only, covered)]
    : [...everySuite(), ...(twice ? [workers] : []), ...(process.env.CLOUDREPO_TEST_STORE ? [] : [cloud])]
const results = await runLanes(jobs, root)
spawnSync(bin('c8'), ['report'], { cwd: root, stdio: 'inherit' })

if (existsSync(notes)) {
  console.log('\nNot tested in this run, because it could not be had:')
  console.log(readFileSync(notes, 'utf8'))
  rmSync(notes)
}
for (const { title, sound, seconds } of results)
  console.log(`${String(seconds).padStart(5)} s  ${sound ? 'ok    ' : 'FAILED'}  ${title}`)
const { passes, failures } = totals(countedLines(counts))
const sound = results.every((one) => one.sound)
console.log(
  `${style ? 'style ok' : 'STYLE FAILED'}, ${sound ? 'suites ok' : 'SUITES FAILED'}, ${Math.round((Date.now() - began) / 1000)} s`,
)
console.log(`${passes} passed, ${failures} failed`)
process.exit(style && sound ? 0 : 1)
