// `npm run test:nodes`: the suites on Node 20, 22 and 24, and a table of what each did.
//   -- 22 24                            only on these
//   -- 'dist/test/core/**/*.test.js' …   only these suites; default: all but the real clients, which run Nodes of their own
import { spawn } from 'node:child_process'
import { delimiter, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import Table from 'cli-table3'
import { nodeRuntime } from '../../dist/test/clients/node-tools.js'

const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))))
const words = process.argv.slice(2)
const known = ['20', '22', '24']
const majors = words.filter((word) => known.includes(word))
const chosen = words.filter((word) => !known.includes(word))
const nodes = majors.length > 0 ? majors : known
const suites =
  chosen.length > 0 ? chosen : ['dist/test/**/*.test.js', 'dist/examples/**/*.test.js', '--ignore', 'dist/test/clients/**']

/** Shows what the suites say, and answers their closing line and how they ended. */
function runOn(folder) {
  const path = [folder, process.env.PATH].join(delimiter)
  const mocha = join(root, 'node_modules', 'mocha', 'bin', 'mocha.js')
  const child = spawn(join(folder, 'node'), [mocha, ...suites], {
    cwd: root,
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, PATH: path },
  })
  let last = ''
  child.stdout.on('data', (chunk) => {
    process.stdout.write(chunk)
    last = (last + chunk).slice(-400)
  })
  return new Promise((resolve, reject) => {
    child.on('error', reject)
    child.on('close', (status) => resolve({ status, counts: /(\d+) passed, (\d+) failed\s*$/.exec(last) }))
  })
}

const table = new Table({ head: ['Node', 'passed', 'failed', 'seconds'], style: { head: [], border: [] } })
let sound = true
for (const major of nodes) {
  const began = Date.now()
  const folder = await nodeRuntime(major)
  console.log(`\nNode ${major}`)
  const { status, counts } = await runOn(folder)
  sound &&= status === 0 && counts !== null
  const [, passed = '?', failed = '?'] = counts ?? []
  table.push([major, passed, failed, Math.round((Date.now() - began) / 1000)])
}
console.log(table.toString())
process.exit(sound ? 0 : 1)
