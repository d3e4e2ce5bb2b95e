import { json, notFound, repositoryRoute } from '#core'

/** Public halves of the keys that versions are signed by, as `npm audit signatures` and `pnpm audit signatures` ask for them (npm dossier 15). */
export const signingKeyRoutes = [
  repositoryRoute({
    method: 'GET',
    path: '/-/npm/v1/keys',
    permission: 'artifacts.read',
    async handle(_request, { signatures }) {
      const keys = await signatures.keys()
      // Clients take a 404 for "nothing is signed here"; an empty list would make every version a forged one.
      if (keys.length === 0) throw notFound('keys', 'npm')
      return json(
        200,
        {
          keys: keys.map(({ keyid, spki, expiresAt }) => ({
            expires: expiresAt?.toISOString() ?? null,
            keyid,
            keytype: 'ecdsa-sha2-nistp256',
            scheme: 'ecdsa-sha2-nistp256',
            key: spki,
          })),
        },
        { 'cache-control': 'private, no-cache' },
      )
    },
  }),
]
