import { invalid } from '../errors/registry-error.js'
import type { Scope } from './principal.js'

const repositoryScope = /^repo:(\*|[a-z0-9_]{1,64}):(read|write|delete)$/

/** `repo:{id or *}:read|write|delete`, `org:read`, `audit:read`. Throws `invalid` for anything else. */
export function parseScope(text: string): Scope {
  if (text === 'org:read') return { kind: 'organization', level: 'read' }
  if (text === 'audit:read') return { kind: 'audit' }
  const match = repositoryScope.exec(text)
  if (match === null) throw invalid(`Unknown scope: ${text.slice(0, 80)}`)
  return { kind: 'repository', repository: match[1] ?? '*', level: match[2] as 'read' | 'write' | 'delete' }
}

/** Never empty: a token without scopes would have to mean all of them or nothing. Throws `invalid`. */
export function parseScopes(texts: readonly string[]): readonly Scope[] {
  if (texts.length === 0) throw invalid('A token needs at least one scope')
  return texts.map(parseScope)
}

export function formatScope(scope: Scope): string {
  switch (scope.kind) {
    case 'repository':
      return `repo:${scope.repository}:${scope.level}`
    case 'organization':
      return 'org:read'
    case 'audit':
      return 'audit:read'
  }
}
