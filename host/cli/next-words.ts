import type { Command, Option } from 'commander'
import { ApiClient } from './api-client.js'

/** What every shell takes as it stands. Bash inserts a completion unquoted, and a name such as `$(…)` would be run by whoever completed it. */
const plain = /^[\p{L}\p{M}\p{N}@%+=:,./_-]+$/u

/** A shell that waits for names is a nuisance; without them the words of the program remain. */
const patience = 2_000

/** What may stand next on a command line whose last word is being written. Names are asked of the server, as the options before say or as any command
 *  would ask it; whatever fails there completes nothing. */
export async function nextWords(program: Command, words: readonly string[]): Promise<readonly string[]> {
  const written = words.at(-1) ?? ''
  const { command, positions, values, awaiting } = readLine(program, words.slice(0, -1))
  const candidates =
    awaiting !== undefined
      ? await valuesOf(awaiting, positions, values)
      : written.startsWith('-')
        ? optionsOf(command)
        : await placesOf(command, positions, values)
  return candidates.filter((word) => word.startsWith(written) && plain.test(word)).sort()
}

interface Line {
  readonly command: Command
  /** Arguments so far. */
  readonly positions: readonly string[]
  readonly values: ReadonlyMap<string, string>
  /** An option that waits for its value. */
  readonly awaiting: Option | undefined
}

function readLine(program: Command, words: readonly string[]): Line {
  let command = program
  const positions: string[] = []
  const values = new Map<string, string>()
  let awaiting: Option | undefined
  for (const word of words) {
    if (awaiting !== undefined) {
      values.set(awaiting.attributeName(), word)
      awaiting = undefined
    } else if (word.startsWith('-')) {
      const option = command.options.find(({ long, short }) => word === long || word === short)
      if (option?.required || option?.optional) awaiting = option
    } else {
      const next = positions.length === 0 ? command.commands.find((one) => one.name() === word) : undefined
      if (next === undefined) positions.push(word)
      else command = next
    }
  }
  return { command, positions, values, awaiting }
}

function optionsOf(command: Command): readonly string[] {
  return [...command.options.flatMap(({ long }) => (long ? [long] : [])), '--help']
}

async function placesOf(
  command: Command,
  positions: readonly string[],
  values: ReadonlyMap<string, string>,
): Promise<readonly string[]> {
  const words = command
    .createHelp()
    .visibleCommands(command)
    .map((one) => one.name())
  if (words.length > 0) return words
  const argument = command.registeredArguments[positions.length]
  if (argument === undefined) return []
  if (argument.argChoices !== undefined) return argument.argChoices
  const kind = command.parent?.name() ?? ''
  const asked = argument.name() === 'name' && command.name() !== 'create' ? kind : argument.name()
  return namesOf(asked, positions, values)
}

async function valuesOf(
  option: Option,
  positions: readonly string[],
  values: ReadonlyMap<string, string>,
): Promise<readonly string[]> {
  return option.argChoices ?? (await namesOf(option.attributeName(), positions, values))
}

const lists: Readonly<Record<string, string>> = {
  repository: 'repositories',
  member: 'members',
  group: 'groups',
  format: 'formats',
  subject: 'groups',
}

/** Names of that kind, of the organization that stands first. */
async function namesOf(
  kind: string,
  [organization]: readonly string[],
  values: ReadonlyMap<string, string>,
): Promise<readonly string[]> {
  const list = lists[kind]
  const path =
    kind === 'organization'
      ? '-/api/v1/organizations?limit=1000'
      : list && organization
        ? `${encodeURIComponent(organization)}/-/api/v1/${list}${list === 'formats' ? '' : '?limit=1000'}`
        : undefined
  if (path === undefined) return []
  try {
    const [url, token] = [values.get('url'), values.get('token')]
    const client = new ApiClient({ ...(url === undefined ? {} : { url }), ...(token === undefined ? {} : { token }) })
    const late = new Promise<undefined>((resolve) => setTimeout(() => resolve(undefined), patience).unref())
    const answer = await Promise.race([
      client.get<readonly { name: string }[] | { items: readonly { name: string }[] }>(path),
      late,
    ])
    if (answer === undefined) return []
    return ('items' in answer ? answer.items : answer).map(({ name }) => name)
  } catch {
    // No server, no token, no right: the words of the program are completed all the same.
    return []
  }
}
