import { canaryOpens, type MetadataStore, RegistryError, type RootKeyProvider, readOnlyRow, tenantKeys } from '#core/host'
import { type Finding, fatal, fine, warning } from './finding.js'
import { moveFinding } from './move-finding.js'

export interface OpenedStores {
  readonly metadata: MetadataStore
  readonly keyStore: MetadataStore
}

/** What is in the stores, and whether the root key opens it; reads a handful of rows and writes none. */
export async function storeFindings({ metadata, keyStore }: OpenedStores, rootKey: RootKeyProvider): Promise<readonly Finding[]> {
  const findings: Finding[] = [await keyFinding({ metadata, keyStore }, rootKey)]
  const move = await moveFinding(metadata)
  if (move !== undefined) findings.push(move)
  const readOnly = (await readOnlyRow.read(metadata))?.value as { readonly reason?: string } | undefined
  if (readOnly !== undefined)
    findings.push(
      warning(
        'writes',
        `The house is read-only: ${readOnly.reason ?? 'no reason is given'}.`,
        'Run: cloudrepo instance read-only off',
      ),
    )
  let organizations = 0
  for await (const _ of metadata.range(tenantKeys.organizations(), {})) organizations++
  const rows = metadata.measure?.().rows
  findings.push(fine('contents', `${organizations} organizations${rows === undefined ? '' : `, ${rows} rows`}.`))
  return findings
}

async function keyFinding({ metadata, keyStore }: OpenedStores, rootKey: RootKeyProvider): Promise<Finding> {
  const check = 'encryption'
  try {
    if (await canaryOpens(keyStore, rootKey)) return fine(check, 'The root key opens the keys of this data.')
  } catch (error) {
    if (!(error instanceof RegistryError) || error.kind !== 'unavailable') throw error
    return fatal(check, `${error.message}.`, 'Name the key file that this data was stored under by CLOUDREPO_ROOT_KEY.')
  }
  for (const store of [keyStore, metadata])
    for await (const _ of store.scan())
      return fatal(
        check,
        'There is data, but the keys that open it are missing.',
        'Bring the key store back from its own backup.',
      )
  return fine(check, 'Nothing is stored yet.')
}
