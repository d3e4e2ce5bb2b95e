import { parseVersion, type Version } from './version.js'

const clause = /^(~=|===|==|!=|<=|>=|<|>)[ \t]*(.+)$/

/** Is this a version specifier set (PEP 440), as Requires-Python must be? Empty is one that everything satisfies. */
export function isSpecifierSet(text: string): boolean {
  const clauses = text.split(',').map((part) => part.trim())
  if (clauses.length > 256) return false
  return clauses.every((part) => part === '' || isClause(part))
}

function isClause(text: string): boolean {
  const match = clause.exec(text)
  if (!match) return false
  const [, operator = '', operand = ''] = match
  if (operator === '===') return !/[\s;)]/.test(operand)
  const wildcard = operand.endsWith('.*')
  const version = parseVersion(wildcard ? operand.slice(0, -2) : operand)
  if (!version || /\s/.test(operand)) return false
  if (wildcard) return (operator === '==' || operator === '!=') && isRelease(version)
  if (version.local !== undefined) return operator === '==' || operator === '!='
  return operator !== '~=' || version.release.length > 1
}

/** A prefix ends within the release: '1.0.*', and not '1.0rc1.*'. */
function isRelease({ pre, post, dev, local }: Version): boolean {
  return pre === undefined && post === undefined && dev === undefined && local === undefined
}
