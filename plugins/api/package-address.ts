import type { PathRules } from '#core'

/** Names of packages hold slashes (`@acme/ui`, `com/acme/app`), which stand in an address as `%2F`. No segment of a path can hold one, so between the
 *  address and the handler this sign stands for it; no name of a package has it. */
const slash = '\u2215'
const ofPackage = /^(\/v1\/packages\/[^/]+\/)([^/]+)(.*)$/s

export const packageAddresses: PathRules = {
  rewrite(rawPath) {
    const [, before = rawPath, name = '', rest = ''] = ofPackage.exec(rawPath) ?? []
    return before + name.replaceAll(/%2f/gi, encodeURIComponent(slash)) + rest
  },
}

export function packageNameIn(segment: string): string {
  return segment.replaceAll(slash, '/')
}
