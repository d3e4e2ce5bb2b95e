import { randomInt } from 'node:crypto'
import { access, open, readFile, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import {
  type Member,
  type NewMember,
  type NewRepository,
  type Organization,
  type ProtocolPlugin,
  RegistryError,
  type Repository,
} from '#core'

/** What a first start does to an empty house. */
export interface Setup {
  isEmpty(): Promise<boolean>
  createOperatorToken(name: string): Promise<string>
  createOrganization(name: string): Promise<Organization>
  createMember(organization: string, member: NewMember): Promise<Member>
  createRepository(organization: string, repository: NewRepository): Promise<Repository>
}

export interface FirstStart {
  /** Undefined where only the operator's token was made. */
  readonly sample?: {
    readonly password: string
    readonly repositories: readonly { readonly name: string; readonly format: string }[]
  }
}

const organization = 'main'
const samples: readonly NewRepository[] = [
  { name: 'maven', format: 'maven', policy: 'mixed' },
  { name: 'npm', format: 'npm' },
  { name: 'pypi', format: 'pypi' },
  { name: 'raw', format: 'raw' },
]

/** Makes what an empty house begins with; undefined where it is not empty. A start that was killed in the middle of it is finished by the next:
 *  a marker stands in the data folder meanwhile, and what is there already is left as it is. */
export async function firstStart(
  setup: Setup,
  dataFolder: string,
  plugins: readonly ProtocolPlugin[],
  sample: boolean,
): Promise<FirstStart | undefined> {
  const marker = join(dataFolder, 'first-start')
  const goesOn = await exists(marker)
  if (!goesOn) {
    if (!(await setup.isEmpty())) return undefined
    await writeSecret(marker, 'under way')
  }
  const tokenFile = join(dataFolder, 'operator-token')
  if (!(await exists(tokenFile))) await writeSecret(tokenFile, await setup.createOperatorToken('first start'))
  const made = sample ? await makeSample(setup, dataFolder, plugins, goesOn) : undefined
  await rm(marker)
  return made === undefined ? {} : { sample: made }
}

/** Undefined where another node, which found the shared store empty at the same moment, was faster: the organization is its to fill, the password its to tell. */
async function makeSample(setup: Setup, dataFolder: string, plugins: readonly ProtocolPlugin[], goesOn: boolean) {
  const passwordFile = join(dataFolder, 'admin-password')
  if (!(await exists(passwordFile))) await writeSecret(passwordFile, newPassword())
  const password = (await readFile(passwordFile, 'utf8')).trim()
  const ours = await unlessThere(setup.createOrganization(organization))
  if (!ours && !goesOn) {
    await rm(passwordFile)
    return undefined
  }
  await unlessThere(setup.createMember(organization, { name: 'admin', role: 'owner', password }))
  const formats = new Set(plugins.map(({ name }) => name))
  const repositories = samples.filter(({ format }) => formats.has(format))
  for (const repository of repositories) await unlessThere(setup.createRepository(organization, repository))
  return { password, repositories }
}

/** False where it was there. */
async function unlessThere(creation: Promise<unknown>): Promise<boolean> {
  try {
    await creation
    return true
  } catch (error) {
    if (!(error instanceof RegistryError) || error.kind !== 'conflict') throw error
    return false
  }
}

/** What a house says when it starts for the first time; nothing at all later. */
export function firstWords(
  first: FirstStart | undefined,
  url: URL,
  plugins: readonly ProtocolPlugin[],
  { keyFile, keyMade }: { readonly keyFile: string; readonly keyMade: boolean },
): string | undefined {
  return first === undefined ? undefined : greeting(first, url, plugins, keyMade ? keyFile : undefined)
}

/** What a first start prints, once: the address, the password, and each client's own settings. */
export function greeting(first: FirstStart, url: URL, plugins: readonly ProtocolPlugin[], keyFile: string | undefined): string {
  const lines = ['', `cloudrepo is at ${url.href}`]
  if (first.sample) {
    lines.push(
      `organization '${organization}', member 'admin', password: ${first.sample.password}`,
      '(also in admin-password in the data folder)',
    )
    for (const { name, format } of first.sample.repositories) {
      const plugin = plugins.find((candidate) => candidate.name === format)
      const address = new URL(`${organization}/${name}/`, url)
      lines.push('', `── ${name}: ${address.href}`)
      for (const { client, text } of plugin?.settings?.({ name, url: address }) ?? []) lines.push(`${client}:`, indent(text))
    }
  } else lines.push("the operator's token is in operator-token in the data folder")
  if (keyFile !== undefined)
    lines.push('', `The root key is ${keyFile}. Back it up, apart from the data: without it nothing stored can be read.`)
  return `${lines.join('\n')}\n\n`
}

const indent = (text: string) => text.trimEnd().replace(/^(?=.)/gm, '    ')

/** About 99 bits, in letters and digits that nobody takes for one another. */
function newPassword(): string {
  const alphabet = 'abcdefghijkmnpqrstuvwxyz23456789'
  const group = () => Array.from({ length: 5 }, () => alphabet[randomInt(alphabet.length)]).join('')
  return [group(), group(), group(), group()].join('-')
}

/** Mode 0600, whole or not at all. */
async function writeSecret(path: string, secret: string): Promise<void> {
  const draft = `${path}.new`
  const file = await open(draft, 'w', 0o600)
  try {
    await file.chmod(0o600)
    await file.writeFile(`${secret}\n`)
    await file.sync()
  } finally {
    await file.close()
  }
  await rename(draft, path)
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  )
}
