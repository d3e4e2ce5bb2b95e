import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** The root of the checkout; this file runs as dist/test/architecture/source-tree.js. */
export const root = fileURLToPath(new URL('../../../', import.meta.url))

/** Paths of every file that belongs to the project: tracked, and new ones that are not ignored. Without git, everything outside the
 *  folders that are made. */
export function projectFiles(): readonly string[] {
  const listed = execFileSync('git', ['ls-files', '-z', '--cached', '--others', '--exclude-standard'], {
    cwd: root,
    encoding: 'utf8',
  })
  return [...new Set(listed.split('\0'))]
    .filter((path) => path !== '' && path !== 'node_modules' && existsSync(join(root, path)))
    .sort()
}

export function read(path: string): string {
  return readFileSync(join(root, path), 'utf8')
}

export function sourceFiles(): readonly string[] {
  return projectFiles().filter(
    (path) => /^(core|plugins|host|test|examples)\/.*\.ts$/.test(path) && !path.startsWith('examples/clients/'),
  )
}

export interface Import {
  readonly specifier: string
  /** Nothing of it is left when the types are gone. */
  readonly typeOnly: boolean
}

/** The imports and re-exports of a file. A light reader: it takes comments out first and relies on the formatter's one way of writing them. */
export function importsOf(source: string): readonly Import[] {
  const code = withoutComments(source)
  const found: Import[] = []
  for (const match of code.matchAll(/^(import|export)\s+(type\s+)?([^'"`;]*?)\s*from\s+'([^']+)'/gm)) {
    const [, , type, names = '', specifier = ''] = match
    found.push({ specifier, typeOnly: type !== undefined || onlyTypes(names) })
  }
  for (const match of code.matchAll(/^import\s+'([^']+)'/gm)) found.push({ specifier: match[1] ?? '', typeOnly: false })
  for (const match of code.matchAll(/\bimport\(\s*'([^']+)'\s*\)/g)) found.push({ specifier: match[1] ?? '', typeOnly: false })
  return found
}

/** '{ type A, type B }': the compiler keeps the import, but nothing in it. */
function onlyTypes(names: string): boolean {
  const inner = /^\{([^}]*)\}$/.exec(names.trim())?.[1]
  if (inner === undefined) return false
  const parts = inner.split(',').map((part) => part.trim())
  return parts.filter((part) => part !== '').every((part) => part.startsWith('type '))
}

/** Comments become blank; strings and templates are kept whole. */
export function withoutComments(source: string): string {
  return source.replace(/\/\*[\s\S]*?\*\/|\/\/[^\n]*|'(?:\\.|[^'\\\n])*'|"(?:\\.|[^"\\\n])*"|`(?:\\.|[^`\\])*`/g, (token) =>
    token.startsWith('/*') || token.startsWith('//') ? token.replace(/[^\n]/g, ' ') : token,
  )
}
