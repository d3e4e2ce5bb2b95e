/** Between npm-many-versions.ts and its server. */
export type Said =
  | { readonly kind: 'ready'; readonly url: string; readonly token: string }
  | { readonly kind: 'watching' }
  | { readonly kind: 'watched'; readonly p50: number; readonly p99: number; readonly max: number; readonly grew: number }
export type Asked = 'watch' | 'tell' | 'stop'

const notes = 'What this version does, and what it did not do before, in a few words. '.repeat(14)

export function manifestOf(name: string, n: number) {
  return {
    name,
    version: `${1 + Math.floor(n / 2_500)}.${Math.floor(n / 50) % 50}.${n % 50}`,
    description: 'A package that is published after every change',
    license: 'MIT',
    main: 'index.js',
    bin: { [name]: 'index.js' },
    engines: { node: '>=18' },
    dependencies: Object.fromEntries(Array.from({ length: 8 }, (_, at) => [`dependency-${at}`, `^${n % 7}.${at}.${n % 50}`])),
    notes,
  }
}
