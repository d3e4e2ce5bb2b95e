// Installs and builds when, and only when, there is something to do. Runs before anything is installed: Node's own modules alone.
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const quiet = process.argv.includes('--quiet')
const dist = join(root, 'dist')
const sourceFolders = ['core', 'plugins', 'host', 'test', 'examples']

const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)
if (major < 20 || (major === 20 && minor < 19)) {
  console.error(`cloudrepo needs Node 20.19 or newer; this is ${process.versions.node}`)
  process.exit(1)
}

const say = (text) => quiet || console.log(text)
const stamp = (file) => (existsSync(file) ? readFileSync(file, 'utf8') : '')

function run(command, args) {
  const done = spawnSync(command, args, {
    cwd: root,
    stdio: quiet ? ['ignore', 'ignore', 'inherit'] : ['ignore', 'inherit', 'inherit'],
  })
  if (done.status !== 0) {
    console.error(`${command} ${args.join(' ')} failed`)
    process.exit(done.status ?? 1)
  }
}

function install() {
  const wanted = createHash('sha256')
    .update(readFileSync(join(root, 'package-lock.json')))
    .update(process.version)
    .digest('hex')
  const marker = join(root, 'node_modules', '.installed')
  if (stamp(marker) === wanted) return
  say('installing dependencies …')
  run('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund', ...(quiet ? ['--silent'] : [])])
  writeFileSync(marker, wanted)
}

function* files(folder) {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    if (entry.name === 'node_modules') continue
    const path = join(folder, entry.name)
    if (entry.isDirectory()) yield* files(path)
    else yield path
  }
}

/** Output whose source is gone would go on being tested and imported. */
function removeOrphans() {
  for (const folder of sourceFolders) {
    if (!existsSync(join(dist, folder))) continue
    for (const path of files(join(dist, folder))) {
      const source = join(root, relative(dist, path)).replace(/\.(d\.ts|js\.map|js)$/, '.ts')
      if (source.endsWith('.ts') && !existsSync(source)) rmSync(path)
    }
  }
}

function build() {
  const sources = [join(root, 'tsconfig.json'), join(root, 'package-lock.json')]
  for (const folder of sourceFolders) for (const path of files(join(root, folder))) if (/\.c?ts$/.test(path)) sources.push(path)
  const wanted = createHash('sha256')
  for (const path of sources.sort()) wanted.update(`${relative(root, path)} ${statSync(path).size} ${statSync(path).mtimeMs}\n`)
  const digest = wanted.digest('hex')
  const marker = join(dist, '.built')
  if (stamp(marker) === digest) return
  say('building …')
  mkdirSync(dist, { recursive: true })
  removeOrphans()
  run(process.execPath, [join(root, 'node_modules', 'typescript', 'bin', 'tsc'), '-p', join(root, 'tsconfig.json')])
  writeFileSync(marker, digest)
}

install()
build()
