import { dirname, join } from 'node:path'
import { cached, must } from './client-cache.js'

/** What the scripts of this project's own `.npmrc` and of `npm run` set must not reach an installation. */
const own = ['--ignore-scripts=false', '--engine-strict=false', '--save-exact=false', '--no-audit', '--no-fund']

/** `npm install` of these packages, each 'name@version'; answers the folder that holds their commands. */
export async function npmTool(name: string, ...specs: readonly string[]): Promise<string> {
  const folder = await cached(`npm-${name}-${specs.join('+').replaceAll(/[^a-z0-9.]+/gi, '_')}`, (making) =>
    npmInstall(making, specs),
  )
  return join(folder, 'node_modules', '.bin')
}

/** `npm install` of these packages into a folder, under the overrides of the package.json there if there is one. */
export async function npmInstall(making: string, specs: readonly string[]): Promise<void> {
  await must('npm', ['install', '--prefix', making, '--no-save', '--no-package-lock', ...own, ...specs], making)
}

/** Newest patch at the time of writing of each Node that clients or suites are run on. */
const nodes: Readonly<Record<string, string>> = { '20': '20.20.2', '22': '22.23.3', '24': '24.21.0' }

/** A folder with `node` of that major, to be put first on a client's search path. The one that runs this, where it is of that major. */
export async function nodeRuntime(major: '20' | '22' | '24'): Promise<string> {
  if (process.versions.node.startsWith(`${major}.`)) return dirname(process.execPath)
  const name = `node-${process.platform}-${process.arch}`
  const bin = await npmTool(`node${major}`, `${name}@${nodes[major] ?? major}`)
  return join(dirname(bin), name, 'bin')
}
