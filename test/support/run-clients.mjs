// `npm run test:clients`: every real client against a running house, and a table of what each did.
//   -- yarn bun        only clients whose name and version begin like one of these
//   -- --more          without the core set, which `npm test` has run: its rows are taken from there
//   -- --markdown F    the table as Markdown, too, in file F
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { notHad } from '../../dist/test/clients/not-had.js'
import { markdownTable, textTable, unhadLines } from './client-table.mjs'
import { countedLines, runLanes, totals } from './lanes.mjs'

const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))))
const began = Date.now()
const { values, positionals } = parseArgs({
  options: { more: { type: 'boolean' }, markdown: { type: 'string' } },
  allowPositionals: true,
})

const notesFolder = mkdtempSync(join(tmpdir(), 'cloudrepo-clients-'))
const rowsFile = join(notesFolder, 'rows')
const notesFile = join(notesFolder, 'notes')
const core = join(root, 'dist', 'core-client-rows')
const lines = (file) =>
  existsSync(file)
    ? readFileSync(file, 'utf8')
        .split('\n')
        .filter((line) => line !== '')
    : []

const mocha = join(root, 'node_modules', '.bin', 'mocha')
const countsFile = join(notesFolder, 'counts')
const env = { CLOUDREPO_CLIENT_ROWS: rowsFile, CLOUDREPO_TEST_NOTES: notesFile, CLOUDREPO_TEST_COUNTS: countsFile }
const folders = ['dist/test/clients/more', ...(values.more ? [] : ['dist/test/clients'])]
const escaped = positionals.map((name) => name.replaceAll(/[.*+?^${}()|[\]\\/]/g, '\\$&'))
const jobs =
  escaped.length > 0
    ? [
        {
          title: 'chosen clients',
          command: mocha,
          args: ['--grep', `/^(${escaped.join('|')})/i`, ...folders.map((folder) => `${folder}/*.test.js`)],
          env,
        },
      ]
    : folders.flatMap(suitesIn).map((file) => ({ title: file, command: mocha, args: [file], env }))
const results = await runLanes(jobs, root)
const status = results.every(({ sound }) => sound) ? 0 : 1

/** Those that start virtual machines of Java take longest, and begin. */
function suitesIn(folder) {
  const files = readdirSync(join(root, folder)).filter((name) => name.endsWith('.test.js'))
  const slow = (name) => (/^(gradle|maven|sbt)\./.test(name) ? 0 : 1)
  return files.toSorted((a, b) => slow(a) - slow(b)).map((name) => `${folder}/${name}`)
}

const ran = lines(rowsFile).map((line) => JSON.parse(line))
const before = values.more ? lines(core).map((line) => JSON.parse(line)) : []
const rows = [...before, ...ran]
const { passes, failures } = totals(countedLines(countsFile))
const notes = lines(notesFile).map((line) => line.trim())
rmSync(notesFolder, { recursive: true })

const clients = new Set(rows.map(({ client, version }) => `${client} ${version}`)).size
const seconds = Math.round((Date.now() - began) / 1000)
const summary = `${clients} clients, ${rows.length} flows, ${rows.filter(({ result }) => result === 'failed').length} failed, ${seconds} s`
const unhad = unhadLines(notHad, notes)
console.log(`\n${textTable(rows)}\n\nCould not be had:\n${unhad.map((line) => `  ${line}`).join('\n')}\n\n${summary}`)
if (values.markdown)
  writeFileSync(
    values.markdown,
    `${markdownTable(rows)}\n\nCould not be had:\n\n${unhad.map((line) => `* ${line}`).join('\n')}\n\n${summary}\n`,
  )
console.log(`${passes} passed, ${failures} failed`)
if (ran.length === 0) console.error('No client is called that')
process.exit(status === 0 && ran.length > 0 ? 0 : 1)
