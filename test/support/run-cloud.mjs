// `npm run test:cloud`: houses lie on S3 and DynamoDB, of real servers. The contracts of both stores, every protocol, the faults, the real clients.
//   -- 'dist/test/plugins/raw/**/*.test.js' …   only these suites
import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))))
const chosen = process.argv.slice(2)
const notes = join(tmpdir(), `cloudrepo-cloud-notes-${process.pid}`)
/** A call goes over a socket to a server in Python: what is quick on a disk takes its time. Milliseconds. */
const timeout = '300000'

/** Suites that take an empty store as it comes. */
const kernel = [
  ...['batches', 'change-commit', 'copied-row', 'damaged-blobs', 'discarded-uploads', 'document-commit', 'known-content'],
  ...['lost-answers', 'resumable-uploads', 'settled-uploads', 'stored-artifact-reader'],
].map((name) => `dist/test/core/storage/${name}.test.js`)
kernel.push(
  ...['housekeeping/leases', 'events/outbox', 'events/reminders', 'advisories/stored-advisories'].map(
    (name) => `dist/test/core/${name}.test.js`,
  ),
)

const parts =
  chosen.length > 0
    ? [['chosen suites', chosen]]
    : [
        [
          'the contracts of both stores',
          ['dist/test/core/storage/drivers/s3-*.test.js', 'dist/test/core/storage/drivers/dynamodb-*.test.js'],
        ],
        ['nodes: their start, their deaths', ['dist/test/host/cloud-*.test.js', 'dist/test/faults/nodes.test.js']],
        ['the kernel', kernel],
        ['faults', ['dist/test/faults/cloud-*.test.js']],
        ['raw', ['dist/test/plugins/raw/**/*.test.js']],
        ['npm', ['dist/test/plugins/npm/**/*.test.js']],
        ['Python', ['dist/test/plugins/pypi/**/*.test.js']],
        ['Maven', ['dist/test/plugins/maven/**/*.test.js']],
        ['the other protocols', ['dist/test/plugins/{api,scim}/**/*.test.js']],
        ['tenants', ['dist/test/matrix/*.test.js']],
        ['life of packages', ['dist/test/lifecycle/*.test.js']],
        ['real clients', ['dist/test/clients/*.test.js']],
      ]

const results = parts.map(([title, files]) => {
  console.log(`\n── ${title}`)
  const began = Date.now()
  const { status } = spawnSync(join(root, 'node_modules', '.bin', 'mocha'), ['--timeout', timeout, ...files], {
    cwd: root,
    stdio: 'inherit',
    env: { CLOUDREPO_FAULT_ROUNDS: '2', ...process.env, CLOUDREPO_TEST_STORE: 'cloud', CLOUDREPO_TEST_NOTES: notes },
  })
  return { title, sound: status === 0, seconds: Math.round((Date.now() - began) / 1000) }
})
if (existsSync(notes)) {
  console.log('\nNot tested in this run, because it could not be had:')
  console.log(readFileSync(notes, 'utf8'))
  rmSync(notes)
}
for (const { title, sound, seconds } of results)
  console.log(`${String(seconds).padStart(5)} s  ${sound ? 'ok    ' : 'FAILED'}  ${title}`)
process.exit(results.every(({ sound }) => sound) ? 0 : 1)
