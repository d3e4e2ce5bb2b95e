/** Why a name cannot stand in an archive that others will unpack, or undefined: '..', absolute, backslash, drive letter, controls. */
export function memberNameFault(name: string): string | undefined {
  if (name === '') return 'Member without a name'
  if (/[\x00-\x1f\x7f-\x9f]/.test(name)) return 'Control character in a member name'
  if (name.includes('\\')) return `Backslash in a member name: ${name}`
  if (name.startsWith('/') || /^[A-Za-z]:/.test(name)) return `Absolute member name: ${name}`
  if (name.split('/').includes('..')) return `Member name leaves the archive: ${name}`
  return undefined
}
