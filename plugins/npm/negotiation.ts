export type Flavour = 'full' | 'abbreviated'
export const mediaTypes: Readonly<Record<Flavour, string>> = {
  full: 'application/json',
  abbreviated: 'application/vnd.npm.install-v1+json',
}

/** Abbreviated if and only if it is listed by name, with a weight above zero and not below that of plain JSON (npm dossier 5). */
export function flavourOf(accept: string | undefined): Flavour {
  let abbreviated = 0
  let json = 0
  for (const entry of (accept ?? '').split(',')) {
    const [type, ...parameters] = entry.split(';').map((part) => part.trim().toLowerCase())
    if (type === mediaTypes.abbreviated) abbreviated = Math.max(abbreviated, weightOf(parameters))
    else if (type === mediaTypes.full) json = Math.max(json, weightOf(parameters))
  }
  return abbreviated > 0 && abbreviated >= json ? 'abbreviated' : 'full'
}

function weightOf(parameters: readonly string[]): number {
  const given = parameters.find((parameter) => parameter.startsWith('q='))
  if (given === undefined) return 1
  const weight = Number(given.slice(2))
  return Number.isFinite(weight) ? Math.min(Math.max(weight, 0), 1) : 0
}
