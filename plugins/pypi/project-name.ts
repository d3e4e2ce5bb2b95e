/** Longest project name taken on upload, in bytes (security guide 3.6). */
export const longestName = 214

/** Display spelling of a project (core metadata specification, Name): ASCII letters, digits, '.', '_', '-'; a letter or digit at both ends. */
export function isProjectName(name: string): boolean {
  if (name.length === 0 || name.length > longestName) return false
  if (!isAlphanumeric(name.charCodeAt(0)) || !isAlphanumeric(name.charCodeAt(name.length - 1))) return false
  for (let at = 0; at < name.length; at++) {
    const code = name.charCodeAt(at)
    if (!isAlphanumeric(code) && code !== 0x2d && code !== 0x2e && code !== 0x5f) return false
  }
  return true
}

/** PEP 503: runs of '-', '_' and '.' become one '-', lower case. Only for what `isProjectName` has passed. */
export function normalizeName(name: string): string {
  return name.replace(/[-_.]+/g, '-').toLowerCase()
}

/** The normalized name of what a client wrote, or undefined where it cannot be a project. */
export function projectOf(text: string): string | undefined {
  return isProjectName(text) ? normalizeName(text) : undefined
}

/** The form that file names carry: 'friendly_bard'. */
export function fileNamePrefix(project: string): string {
  return project.replaceAll('-', '_')
}

function isAlphanumeric(code: number): boolean {
  return (code >= 0x30 && code <= 0x39) || (code >= 0x41 && code <= 0x5a) || (code >= 0x61 && code <= 0x7a)
}
