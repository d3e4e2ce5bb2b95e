import { type Command, InvalidArgumentError } from 'commander'
import { type CommonOptions, clientOf, common, print } from './output.js'

interface Keys {
  readonly keys: readonly Readonly<Record<string, unknown>>[]
}
interface RotateOptions extends CommonOptions {
  readonly overlap?: number
  readonly revoke?: boolean
}

const path = (org: string) => `${encodeURIComponent(org)}/-/api/v1/signing`
const secondsIn = { s: 1, m: 60, h: 3_600, d: 86_400 } as const

export function signingCommand(program: Command): void {
  const signing = program.command('signing').description('the keys that packages are signed with')
  common(signing.command('show <organization>').description('all keys, in the order in which they sign')).action(
    async (org: string, options: CommonOptions) => show(options, await clientOf(options).get<Keys>(path(org))),
  )
  common(signing.command('rotate <organization>').description('sign with a new key from the end of the overlap on'))
    .option('--overlap <time>', 'how long the new key is listed before it signs, as 24h (default)', duration)
    .option('--revoke', 'a key has leaked: drop all others now, and sign anew what they signed')
    .action(async (org: string, options: RotateOptions) => {
      const body = {
        ...(options.overlap === undefined ? {} : { overlapSeconds: options.overlap }),
        ...(options.revoke ? { revoke: true } : {}),
      }
      show(options, await clientOf(options).send<Keys>('POST', `${path(org)}/rotation`, body))
    })
}

function show(options: CommonOptions, { keys }: Keys): void {
  print(options, ['keyid', 'signsFrom', 'expiresAt'], keys)
}

function duration(text: string): number {
  const [, count, unit] = /^(\d{1,8})([smhd])$/.exec(text) ?? []
  if (count === undefined || unit === undefined) throw new InvalidArgumentError('A time is expected, as 90s, 30m, 24h or 7d.')
  return Number(count) * secondsIn[unit as keyof typeof secondsIn]
}
