import { normalizeName } from './project-name.js'

/** A requirement (PEP 508) in one spelling, for comparing two: tools that copy it set spaces, quotes, brackets and the order of its parts as they like. */
export function comparableRequirement(text: string): string {
  const plain = text
    .replaceAll(/[\s()]/g, '')
    .replaceAll('"', "'")
    .toLowerCase()
  const cut = plain.indexOf(';')
  const [what, marker] = cut < 0 ? [plain, ''] : [plain.slice(0, cut), plain.slice(cut)]
  const [, name = '', extras = '', rest = ''] = /^([a-z0-9._-]*)(?:\[([^\]]*)\])?(.*)$/.exec(what) ?? []
  const sorted = (list: string) => list.split(',').sort().join(',')
  return `${normalizeName(name)}[${sorted(extras)}]${rest.startsWith('@') ? rest : sorted(rest)}${marker}`
}
