import { readFile } from 'node:fs/promises'
import { clientNames, environmentNames, type Settings, settingsShape } from './settings.js'

/** A start that must not go on: the message names the setting, and is for people. */
export class SettingsError extends Error {
  override readonly name = 'SettingsError'
}

const defaultFile = 'cloudrepo.json'

export interface GivenSettings {
  readonly settings: Settings
  /** What they were made from, as plain data: another process makes the same from it. */
  readonly given: object
}

/** From the file, then the environment, which wins. Throws SettingsError naming what is unknown or malformed: by the name it was given under. */
export async function readSettings(environment: NodeJS.ProcessEnv, file?: string): Promise<Settings> {
  return (await readGivenSettings(environment, file)).settings
}

export async function readGivenSettings(environment: NodeJS.ProcessEnv, file?: string): Promise<GivenSettings> {
  const given: Record<string, unknown> = { ...(await readFileSettings(file)) }
  const origins = new Map<string, string>()
  for (const [variable, value] of Object.entries(environment)) {
    if (!variable.startsWith('CLOUDREPO_') || clientNames.has(variable) || value === undefined) continue
    const known = environmentNames[variable]
    if (known === undefined) throw new SettingsError(`${variable}: no such setting`)
    if (value.trim() === '') throw new SettingsError(`${variable}: is empty`)
    given[known.name] = known.read(value.trim())
    origins.set(known.name, variable)
  }
  const parsed = settingsShape.safeParse(given)
  if (parsed.success) return { settings: parsed.data, given }
  const complaints = parsed.error.issues.flatMap(({ code, path, message, ...issue }) => {
    const name = path.join('.')
    const origin = origins.get(String(path[0])) ?? name
    if (code !== 'unrecognized_keys') return [`${origin}: ${message}`]
    const { keys = [] } = issue as { keys?: readonly string[] }
    return keys.map((key) => `${name === '' ? key : `${name}.${key}`}: no such setting`)
  })
  throw new SettingsError(complaints.join('\n'))
}

async function readFileSettings(file: string | undefined): Promise<object> {
  const name = file ?? defaultFile
  let text: string
  try {
    text = await readFile(name, 'utf8')
  } catch (error) {
    if (file === undefined && (error as NodeJS.ErrnoException).code === 'ENOENT') return {}
    throw new SettingsError(`${name}: cannot be read (${(error as NodeJS.ErrnoException).code ?? 'unknown'})`)
  }
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    throw new SettingsError(`${name}: is not JSON`)
  }
  if (value === null || typeof value !== 'object' || Array.isArray(value))
    throw new SettingsError(`${name}: an object is expected`)
  return value
}
