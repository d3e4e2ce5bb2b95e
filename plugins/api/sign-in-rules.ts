import { graceDaysAtMost, type Organization, usualSignInRules, z } from '#core'

/** What an organization asks of those who sign in, as fields of the organization. */
export const signInShapes = {
  mfa: z
    .enum(['off', 'optional', 'required'])
    .meta({ description: 'Second factors: nobody sets one up, who wants to, everybody', examples: ['required'] }),
  mfaGraceDays: z
    .number()
    .int()
    .min(0)
    .max(graceDaysAtMost)
    .meta({ description: 'Days in which a password is still enough to set one up, once it is required', examples: [14] }),
  passwordsOnArtifacts: z
    .enum(['allowed', 'refused'])
    .meta({ description: 'Refused: build tools and package managers come by tokens alone', examples: ['refused'] }),
  codeOnPublish: z
    .boolean()
    .meta({ description: 'npm asks members for a one-time code before it changes anything', examples: [true] }),
  holdLeavers: z.boolean().meta({
    description:
      'An identity provider that takes the access of more than a fifth of the users within an hour is stopped until an owner confirms it',
    examples: [true],
  }),
}
/** Null: as the house has it. */
export const signInChange = {
  mfa: signInShapes.mfa.nullable().optional(),
  mfaGraceDays: signInShapes.mfaGraceDays.nullable().optional(),
  passwordsOnArtifacts: signInShapes.passwordsOnArtifacts.nullable().optional(),
  codeOnPublish: signInShapes.codeOnPublish.nullable().optional(),
  holdLeavers: signInShapes.holdLeavers.nullable().optional(),
}

export function shapeSignInRules({ signIn }: Organization) {
  const { mfa, graceDays, passwordsOnArtifacts, codeOnPublish, holdLeavers } = { ...usualSignInRules, ...signIn }
  return { mfa, mfaGraceDays: graceDays, passwordsOnArtifacts, codeOnPublish, holdLeavers }
}
