import type { Mail } from '../mail/mailer.js'

interface Place {
  readonly to: string
  /** Display name of the organization, else its name. */
  readonly organization: string
  /** As it stands in addresses, for the command line. */
  readonly org: string
}
interface WithCode extends Place {
  readonly link: string
  readonly code: string
  readonly until: Date
}

const minutes = (at: Date) => `${at.toISOString().slice(0, 16).replace('T', ' ')} UTC`

function letter({ to }: Place, subject: string, ...paragraphs: readonly string[]): Mail {
  return { to, subject, text: `${paragraphs.join('\n\n')}\n` }
}
/** The page, and the command that does the same. */
function ways({ link, code, until }: WithCode, command: string): readonly [string, string, string] {
  return [
    `  ${link}`,
    `At a command line: cloudrepo ${command}, with the code\n\n  ${code}`,
    `It works once, until ${minutes(until)}.`,
  ]
}

export function resetLetter(mail: WithCode & { readonly name: string }): Mail {
  return letter(
    mail,
    `Another password for ${mail.organization}`,
    `Somebody asked for another password of ${mail.name} in ${mail.organization}. If it was you, choose one here:`,
    ...ways(mail, `account reset-password ${mail.org}`),
    'If it was not you, nothing has to be done: the password stays as it is.',
  )
}
export function signInLetter(mail: WithCode & { readonly name: string }): Mail {
  return letter(
    mail,
    `A code to sign in to ${mail.organization}`,
    `Somebody knows the password of ${mail.name} in ${mail.organization} and signs in from a browser that was not seen before, while the account is being guessed at. If it is you, the page waits for this code:`,
    `  ${mail.code}`,
    `It works once, until ${minutes(mail.until)}, in that browser alone.`,
    'If it was not you, give it to nobody, and choose another password.',
  )
}
export function invitationLetter(mail: WithCode): Mail {
  return letter(
    mail,
    `An invitation to ${mail.organization}`,
    `You are invited to ${mail.organization}. To accept, choose a password here:`,
    ...ways(mail, `account accept-invitation ${mail.org}`),
    'If you do not know what this is about, nothing has to be done.',
  )
}
export function verificationLetter(mail: WithCode & { readonly name: string }): Mail {
  return letter(
    mail,
    `Is this your address? ${mail.organization} asks`,
    `${mail.name} of ${mail.organization} has this address. If that is you, say so here:`,
    ...ways(mail, `account confirm-email ${mail.org}`),
    'If it is not, nothing has to be done.',
  )
}
export function emailChangedLetter(mail: WithCode & { readonly name: string }): Mail {
  return letter(
    mail,
    `Your address in ${mail.organization} was changed`,
    `${mail.name} of ${mail.organization} has another e-mail address now, and this one is of no use there any more.`,
    'If it was not you who changed it, take it back here; all sessions then end:',
    ...ways(mail, `account revert-email ${mail.org}`),
  )
}
export function passwordChangedLetter(
  mail: Place & { readonly name: string; readonly by: 'self' | 'reset' | 'administrator'; readonly at: Date },
): Mail {
  const how = {
    self: 'was changed, with the one before',
    reset: 'was set by a code that was mailed to you',
    administrator: 'was set by an administrator',
  }[mail.by]
  return letter(
    mail,
    `Your password in ${mail.organization} was changed`,
    `The password of ${mail.name} in ${mail.organization} ${how}, at ${minutes(mail.at)}.`,
    'If you know nothing of it, ask for another password at once, and tell an administrator.',
  )
}

export function manyLeaversLetter(
  mail: Place & {
    readonly connection: string
    readonly leavers: number
    readonly users: number
    readonly held: boolean
    readonly at: Date
  },
): Mail {
  const { connection, leavers, users, held, org, organization } = mail
  return letter(
    mail,
    `${connection} takes the access of many in ${organization}`,
    `The identity provider ${connection} has taken the access of ${leavers} of ${users} active users of ${organization} within an hour, or means to, at ${minutes(mail.at)}.`,
    held
      ? `The rest waits until an owner confirms it:\n\n  cloudrepo member confirm-leavers ${org} ${connection}`
      : 'Nothing was stopped. An organization with holdLeavers=true has the rest wait until an owner confirms it.',
    `Who left is told by: cloudrepo report leavers ${org}. If it is a mistake, revoke the token of the identity provider first: cloudrepo token list ${org} --scim`,
  )
}

export function scimTokenLetter(
  mail: Place & { readonly connection: string; readonly token: string; readonly expiresAt: string },
): Mail {
  const { connection, token, expiresAt, org, organization } = mail
  return letter(
    mail,
    `A token of ${connection} for ${organization} ends soon`,
    `The token ${token} of the identity provider ${connection} ends at ${minutes(new Date(expiresAt))}. From then on ${connection} changes nobody in ${organization}, and takes nobody's access away.`,
    `Make a second one, put it into the identity provider, and revoke this one:\n\n  cloudrepo token create ${org} --scim --name ${connection}\n  cloudrepo token revoke ${org} ${token} --scim`,
    'If it was changed over already, revoke this one.',
  )
}

const secondFactorWords = {
  'set-up': 'A second factor was set up for',
  removed: 'The second factor was taken away from',
  reset: 'An owner or the operator has taken the second factor away from',
  'recovery-code': 'A recovery code was used in the place of a second factor, to sign in as',
} as const
export function secondFactorLetter(
  mail: Place & { readonly name: string; readonly what: keyof typeof secondFactorWords; readonly at: Date },
): Mail {
  return letter(
    mail,
    `Your second factor in ${mail.organization}`,
    `${secondFactorWords[mail.what]} ${mail.name} in ${mail.organization}, at ${minutes(mail.at)}.`,
    'If it was not you, change your password, and ask an owner of the organization for help.',
  )
}
