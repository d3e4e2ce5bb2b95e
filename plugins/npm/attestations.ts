import { json, notFound, type ProtocolRequest, type Reply, type RepositoryContext, repositoryRoute } from '#core'
import { type AttestationDocument, documentKeys, findVersion } from './package-documents.js'
import { checkName } from './package-name.js'

/** What publishers said of where a version comes from; clients write the slash of a scope raw or encoded (npm dossier 15). */
export const attestationRoutes = ['/-/npm/v1/attestations/{spec}', '/-/npm/v1/attestations/@{scope}/{spec}'].map((path) =>
  repositoryRoute<string>({ method: 'GET', path, permission: 'artifacts.read', handle: attestations }),
)

async function attestations({ params }: ProtocolRequest, { documents }: RepositoryContext): Promise<Reply> {
  const { scope, spec = '' } = params
  const cut = spec.lastIndexOf('@')
  const name = cut <= 0 ? spec : spec.slice(0, cut)
  const version = cut <= 0 ? '' : spec.slice(cut + 1)
  const pkg = checkName(scope === undefined ? name : `@${scope}/${name}`)
  if (version === '') throw notFound('attestations', spec)
  const [found, published] = await Promise.all([
    documents.find(documentKeys.attestation(pkg, version)),
    findVersion(pkg, version, documents),
  ])
  const attestation = found?.value as AttestationDocument | undefined
  if (published === undefined || attestation?.generation !== published.generation)
    throw notFound('attestations', `${pkg}@${version}`)
  const { predicateType, bundle } = attestation
  return json(
    200,
    { attestations: [{ predicateType, bundle: JSON.parse(bundle) as unknown }] },
    { 'cache-control': 'private, no-cache' },
  )
}
