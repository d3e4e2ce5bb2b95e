// `npm test`: style, then every suite on the compiled output with coverage (of real clients the core set; `npm run test:clients` has the others), then what could not be had.
import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))))
const bin = (name) => join(root, 'node_modules', '.bin', name)
const began = Date.now()
const notes = join(tmpdir(), `cloudrepo-test-notes-${process.pid}`)
const only = process.argv.slice(2)
// What the core set of clients did, for the table of `npm run test:clients -- --more`.
const rows = join(root, 'dist', 'core-client-rows')
rmSync(rows, { force: true })

function run(command, args, environment = {}) {
  const { status } = spawnSync(command, args, {
    cwd: root,
    stdio: 'inherit',
    env: { ...process.env, CLOUDREPO_TEST_NOTES: notes, CLOUDREPO_CLIENT_ROWS: rows, ...environment },
  })
  return status === 0
}

const style = run(bin('biome'), ['check', '--error-on-warnings', '.'])
const everything = ['dist/test/**/*.test.js', 'dist/examples/**/*.test.js', '--ignore', 'dist/test/clients/more/**']
const spec = only.length > 0 ? only : everything
const suites = run(bin('c8'), [bin('mocha'), ...spec])
// What can be noticed from outside holds with two processes as well: a story of each format. All of it: CLOUDREPO_TEST_WORKERS=2 npm test.
const several = ['curl', 'npm', 'pip', 'maven'].map((client) => `dist/test/clients/${client}.test.js`)
const workers =
  only.length > 0 || process.env.CLOUDREPO_TEST_WORKERS
    ? true
    : run(bin('mocha'), ['--reporter', 'dot', ...several], { CLOUDREPO_TEST_WORKERS: '2' })
if (existsSync(notes)) {
  console.log('\nNot tested in this run, because it could not be had:')
  console.log(readFileSync(notes, 'utf8'))
  rmSync(notes)
}
console.log(
  `${style ? 'style ok' : 'STYLE FAILED'}, ${suites ? 'suites ok' : 'SUITES FAILED'}, ${workers ? 'two workers ok' : 'TWO WORKERS FAILED'}, ${Math.round((Date.now() - began) / 1000)} s`,
)
process.exit(style && suites && workers ? 0 : 1)
