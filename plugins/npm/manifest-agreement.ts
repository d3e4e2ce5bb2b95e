import { basename, posix } from 'node:path'
import type { Json } from '#core'
import { isObject, isText } from './manifest.js'

type Fields = { readonly [field: string]: Json }

/** Fields in which a manifest and the package.json of its tarball must say the same: who resolves reads one, who installs the other (npm
 *  dossier 9.3, step 7). Their names, in order; what clients add or normalise does not count. */
export function disagreements(manifest: Fields, packageJson: Fields, hasGyp: boolean): string[] {
  const sent = comparable(manifest)
  const packed = comparable(packageJson)
  // A client lists what lies in directories.bin, and the step that builds a binding.gyp.
  if (packageJson['bin'] === undefined && isObject(packageJson['directories']) && packageJson['directories']['bin'] !== undefined)
    packed.set('bin', sent.get('bin') ?? '')
  if (hasGyp && !isScript(packageJson, 'install') && isScript(manifest, 'install', 'node-gyp rebuild'))
    packed.set('scripts.install', sent.get('scripts.install') ?? '')
  return [...sent.keys()].filter((field) => sent.get(field) !== packed.get(field))
}

/** The fields that are compared, as package-json-parser.ts keeps them. */
export const comparedFields = [
  'dependencies',
  'optionalDependencies',
  'peerDependencies',
  'peerDependenciesMeta',
  'bundleDependencies',
  'bundledDependencies',
  'engines',
  'os',
  'cpu',
  'bin',
  'directories',
  'scripts',
] as const

/** Each compared field in one spelling. */
function comparable(fields: Fields): Map<string, string> {
  const optional = dependenciesIn(fields['optionalDependencies'])
  const required = new Map([...dependenciesIn(fields['dependencies'])].filter(([name]) => !optional.has(name)))
  const scripts = isObject(fields['scripts']) ? fields['scripts'] : {}
  const script = (name: string) =>
    isText(scripts[name]) ? scripts[name].replace(/^(?:\.[/\\])?node_modules[/\\]\.bin[/\\]/, '') : ''
  return new Map([
    ['dependencies', sorted(required)],
    ['optionalDependencies', sorted(optional)],
    ['peerDependencies', sorted(dependenciesIn(fields['peerDependencies']))],
    ['peerDependenciesMeta', ordered(isObject(fields['peerDependenciesMeta']) ? fields['peerDependenciesMeta'] : {})],
    ['bundleDependencies', bundled(fields['bundleDependencies'] ?? fields['bundledDependencies'], fields['dependencies'])],
    ['engines', ordered(isObject(fields['engines']) ? fields['engines'] : {})],
    ['os', ordered(listed(fields['os']))],
    ['cpu', ordered(listed(fields['cpu']))],
    ['bin', sorted(binIn(fields['bin'], isText(fields['name']) ? fields['name'] : ''))],
    ['scripts.preinstall', script('preinstall')],
    ['scripts.install', script('install')],
    ['scripts.postinstall', script('postinstall')],
  ])
}

function isScript({ scripts }: Fields, name: string, text?: string): boolean {
  const found = isObject(scripts) ? scripts[name] : undefined
  return isText(found) && found !== '' && (text === undefined || found === text)
}

/** Names to specs; the old spellings as text or list are read as npm reads them. */
function dependenciesIn(value: Json | undefined): Map<string, string> {
  const list = isText(value)
    ? value.trim().split(/[\s,]+/)
    : Array.isArray(value)
      ? (value as readonly Json[]).filter(isText)
      : undefined
  if (list !== undefined) {
    return new Map(
      list.map((entry) => {
        const [name = '', ...rest] = entry.trim().split(/(:?[@\s><=])/)
        return [name, canonicalSpec(rest.join('').replace(/^@/, '').trim())]
      }),
    )
  }
  if (!isObject(value)) return new Map()
  return new Map(Object.entries(value).flatMap(([name, spec]) => (isText(spec) ? [[name, canonicalSpec(spec)]] : [])))
}

const gitHosts: Readonly<Record<string, string>> = {
  'github.com': 'github',
  'gitlab.com': 'gitlab',
  'bitbucket.org': 'bitbucket',
}
/** A place on one of the known git hosts has half a dozen spellings, and npm publishes another one than it packs. */
function canonicalSpec(spec: string): string {
  const [place = '', commit = ''] = spec.split('#', 2)
  const shorthand = /^(?:(github|gitlab|bitbucket):)?([\w-][\w.-]*\/[\w.-]+)$/.exec(place)
  if (shorthand !== null) return `${shorthand[1] ?? 'github'}:${withoutGit(shorthand[2])}#${commit}`
  const address = /^(?:git\+)?(?:https?|ssh|git):\/\/(?:[^@/]*@)?([\w.-]+)[/:](.+)$/.exec(place)
  const host = gitHosts[address?.[1] ?? '']
  return host === undefined ? spec : `${host}:${withoutGit(address?.[2])}#${commit}`
}
function withoutGit(path = ''): string {
  return path.endsWith('.git') ? path.slice(0, -4) : path
}

function bundled(value: Json | undefined, dependencies: Json | undefined): string {
  const names = value === true ? [...dependenciesIn(dependencies).keys()] : isObject(value) ? Object.keys(value) : listed(value)
  return ordered([...names].sort())
}
function listed(value: Json | undefined): readonly Json[] {
  if (Array.isArray(value)) return value as readonly Json[]
  return isText(value) ? [value] : []
}

/** Commands to files, as npm links them: base names, and paths that stay inside. */
function binIn(value: Json | undefined, name: string): Map<string, string> {
  const entries: (readonly [string, Json])[] = isText(value)
    ? [[name, value]]
    : Array.isArray(value)
      ? (value as readonly Json[]).filter(isText).map((file) => [basename(file), file])
      : isObject(value)
        ? Object.entries(value)
        : []
  return new Map(
    entries.flatMap(([command, file]) => {
      const link = basename(inside(command))
      const target = isText(file) ? inside(file) : ''
      return link === '' || target === '' ? [] : [[link, target] as const]
    }),
  )
}
function inside(path: string): string {
  return posix.join('/', path.replace(/[\\:]/g, '/')).slice(1)
}

function sorted(entries: ReadonlyMap<string, string>): string {
  return JSON.stringify([...entries].sort(([a], [b]) => (a < b ? -1 : 1)))
}
/** JSON text with the keys of every object in order. */
function ordered(value: Json): string {
  return JSON.stringify(value, (_key, each: unknown) =>
    isObject(each) ? Object.fromEntries(Object.entries(each).sort(([a], [b]) => (a < b ? -1 : 1))) : each,
  )
}
