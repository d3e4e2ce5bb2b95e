import type { PathRules } from '#core'

/** Paths are text: nearly every character means itself, and scripts may double a slash. */
export const pathRules: PathRules = { names: 'free', emptySegments: 'collapse' }
