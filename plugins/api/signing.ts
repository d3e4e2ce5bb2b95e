import { json, type SigningKey, z } from '#core'
import { answer, refusal } from './answers.js'
import { inOrganization } from './management-route.js'

const keyShape = z
  .strictObject({
    keyid: z.string(),
    /** SubjectPublicKeyInfo, DER, base64. */
    key: z.string(),
    createdAt: z.string(),
    signsFrom: z.string(),
    expiresAt: z.string().nullable(),
  })
  .meta({ id: 'SigningKey' })
const keysShape = z.strictObject({ keys: z.array(keyShape) }).meta({ id: 'SigningKeys' })
const rotation = z
  .strictObject({
    /** Seconds for which the new key is listed and does not sign yet; 86,400. */
    overlapSeconds: z.number().int().min(0).max(31_536_000).optional(),
    /** The old keys go at once, and what they signed is signed anew. */
    revoke: z.boolean().optional(),
  })
  .meta({ id: 'SigningRotation', examples: [{ overlapSeconds: 86_400 }] })
const dayInSeconds = 86_400

const shape = (keys: readonly SigningKey[]) => ({
  keys: keys.map(({ keyid, spki, createdAt, signsFrom, expiresAt }) => ({
    keyid,
    key: spki,
    createdAt: createdAt.toISOString(),
    signsFrom: signsFrom.toISOString(),
    expiresAt: expiresAt?.toISOString() ?? null,
  })),
})

/** The keys that an organization signs its packages with. */
export const signingRoutes = [
  inOrganization({
    method: 'GET',
    path: '/v1/signing',
    permission: 'organization.read',
    summary: 'The keys that packages are signed with, in the order in which they sign',
    answers: { 200: answer('All of them', keysShape) },
    handle: async (_request, { administration }) => json(200, shape(await administration.listSigningKeys())),
  }),
  inOrganization({
    method: 'POST',
    path: '/v1/signing/rotation',
    permission: 'organization.manage',
    summary: 'List a new key that signs once the overlap is over; or put it in the place of all others at once',
    body: rotation,
    answers: { 200: answer('As they stand now', keysShape), 409: refusal('A new key is listed already, or there are too many') },
    handle: async ({ body: { overlapSeconds = dayInSeconds, revoke = false } }, { administration }) =>
      json(200, shape(await administration.rotateSigningKeys({ overlapSeconds, revoke }))),
  }),
]
