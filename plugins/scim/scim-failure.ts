import { invalid, type RegistryError } from '#core'

/** RFC 7644 table 9 and RFC 9865 section 2.3: what a refusal with status 400 is called. */
export type ScimType =
  | 'invalidFilter'
  | 'tooMany'
  | 'mutability'
  | 'invalidSyntax'
  | 'invalidPath'
  | 'noTarget'
  | 'invalidValue'
  | 'invalidCursor'
  | 'expiredCursor'
  | 'invalidCount'

/** A 400 in SCIM's words; `message` is shown to the administrator of the identity provider and says what to fix. */
export function refuse(scimType: ScimType, message: string): RegistryError {
  return invalid(message, { detail: { scimType } })
}

/** What a client sent, for the text of a refusal: one line, cut short. */
export function quoted(text: string): string {
  const line = text.replaceAll(/[^\P{C}]/gu, '?')
  return `'${line.length > 80 ? `${line.slice(0, 80)}…` : line}'`
}
