// `npm run test:clients`: every real client against a running house, and a table of what each did.
//   -- yarn bun        only clients whose name and version begin like one of these
//   -- --more          without the core set, which `npm test` has run: its rows are taken from there
//   -- --markdown F    the table as Markdown, too, in file F
import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { notHad } from '../../dist/test/clients/not-had.js'
import { markdownTable, textTable, unhadLines } from './client-table.mjs'

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

const escaped = positionals.map((name) => name.replaceAll(/[.*+?^${}()|[\]\\/]/g, '\\$&'))
const chosen = escaped.length > 0 ? ['--grep', `/^(${escaped.join('|')})/i`] : []
const folders = ['dist/test/clients/more/*.test.js', ...(values.more ? [] : ['dist/test/clients/*.test.js'])]
const { status } = spawnSync(join(root, 'node_modules', '.bin', 'mocha'), [...chosen, ...folders], {
  cwd: root,
  stdio: 'inherit',
  env: { ...process.env, CLOUDREPO_CLIENT_ROWS: rowsFile, CLOUDREPO_TEST_NOTES: notesFile },
})

const ran = lines(rowsFile).map((line) => JSON.parse(line))
const before = values.more ? lines(core).map((line) => JSON.parse(line)) : []
const rows = [...before, ...ran]
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
if (ran.length === 0) console.error('No client is called that')
process.exit(status === 0 && ran.length > 0 ? 0 : 1)
