import type { Command } from 'commander'
import { Misused } from './api-client.js'
import { anonymousClientOf, done, type OpenOptions, printOne, standardInput, withoutToken } from './output.js'

const api = (org: string) => `${encodeURIComponent(org)}/-/api/v1`
const fromInput = (what: string) => [`--stdin`, `read from standard input: ${what}`] as const
type Row = Readonly<Record<string, unknown>>

/** What anybody does who holds a code from a mail: no token is needed, and none is sent. */
export function accountCommand(program: Command): void {
  const account = program.command('account').description('what a mailed code is for: passwords, invitations, addresses')
  withoutToken(
    account
      .command('forgot-password <organization> <email>')
      .description('have a code mailed, if this is the verified address of a member'),
  ).action(async (org: string, email: string, options: OpenOptions) => {
    await anonymousClientOf(options).send('POST', `${api(org)}/password/forgot`, { email })
    done(options, `if ${email} is the verified address of a member of ${org}, a code goes there`)
  })
  withoutToken(
    account
      .command('reset-password <organization>')
      .description('set a password by a mailed code; sessions and tokens of the member end')
      .requiredOption(...fromInput('the code, and the new password, a line each'))
      .option('--keep-tokens', 'tokens go on working'),
  ).action(async (org: string, options: OpenOptions & { readonly keepTokens?: boolean }) => {
    const [token, password] = await lines(2)
    const body = { token, password, ...(options.keepTokens ? { keepTokens: true } : {}) }
    await anonymousClientOf(options).send('POST', `${api(org)}/password/reset`, body)
    done(options, 'the new password counts')
  })
  withoutToken(
    account
      .command('accept-invitation <organization>')
      .description('become a member by a mailed code')
      .requiredOption(...fromInput('the code, and a password, a line each'))
      .option('--name <name>', 'to sign in by, where the invitation leaves it open')
      .option('--display-name <text>', 'shown to people'),
  ).action(async (org: string, options: OpenOptions & { readonly name?: string; readonly displayName?: string }) => {
    const [token, password] = await lines(2)
    const { name, displayName } = options
    const body = {
      token,
      password,
      ...(name === undefined ? {} : { name }),
      ...(displayName === undefined ? {} : { displayName }),
    }
    printOne(options, await anonymousClientOf(options).send<Row>('POST', `${api(org)}/invitations/accept`, body))
  })
  for (const [word, address, description, said] of [
    ['confirm-email', 'confirm', 'say by a mailed code that an address is yours', 'the address is verified'],
    ['revert-email', 'revert', 'take an address back by the code that was mailed to it', 'the address is yours again'],
  ] as const)
    withoutToken(
      account
        .command(`${word} <organization>`)
        .description(description)
        .requiredOption(...fromInput('the code')),
    ).action(async (org: string, options: OpenOptions) => {
      const [token] = await lines(1)
      await anonymousClientOf(options).send('POST', `${api(org)}/email/${address}`, { token })
      done(options, said)
    })
}

/** Secrets never stand in an argument, where every user of the machine reads them. */
async function lines(count: number): Promise<readonly string[]> {
  const found = (await standardInput()).split(/\r?\n/)
  if (found.length === count && found.every((line) => line !== '')) return found
  throw new Misused(`error: standard input has to be ${count === 1 ? 'one line' : `${count} lines`}`)
}
