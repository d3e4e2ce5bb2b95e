import { Readable } from 'node:stream'
import {
  type Clock,
  invalid,
  type ProtocolRequest,
  type Reply,
  type RepositoryContext,
  readZipEntries,
  repositoryRoute,
  type StagedBlob,
  text,
} from '#core'
import { refuseArchive } from './archive-rules.js'
import { checkAttestations } from './attestations.js'
import { metadataLimits } from './core-metadata.js'
import type { DistributionFacts } from './core-metadata-parser.js'
import { checkFilename, type DistributionFile, longestFilename, metadataSuffix } from './distribution-file.js'
import { storedPath } from './project-documents.js'
import { normalizeName } from './project-name.js'
import { renderProvenance } from './provenance.js'
import { uploadReply } from './pypi-error.js'
import { comparableRequirement } from './requirement.js'
import { alreadyStored, requireOpenProject, storeDistribution } from './store-distribution.js'
import { formLimits, RetiredAction, readUploadForm, type UploadForm } from './upload-form.js'

/** All four spellings of the upload address answer themselves: clients lose an upload that is redirected. */
export function uploadRoutes(clock: () => Clock) {
  return ['/', '/legacy', '/legacy/'].map((path) =>
    repositoryRoute({
      method: 'POST',
      path,
      permission: 'artifacts.write',
      handle: (request, context) => serveUpload(request, context, clock),
    }),
  )
}

async function serveUpload(request: ProtocolRequest, context: RepositoryContext, clock: () => Clock): Promise<Reply> {
  const form = await request.form(context.stage, formLimits)
  try {
    await accept(readUploadForm(form, request.query), context, clock)
  } catch (failure) {
    if (!(failure instanceof RetiredAction)) throw failure
    return uploadReply(
      410,
      `Support for ':action=${failure.message}' has ended: a project is made by the upload of its first file.`,
      request,
    )
  }
  return text(200, 'OK\n')
}

/** The checks in the order of PyPI dossier 8.2, from the project's status on; then one commit. */
async function accept(form: UploadForm, context: RepositoryContext, clock: () => Clock): Promise<void> {
  const { blob, filename } = form.content
  await requireOpenProject(context, normalizeName(form.name))
  const file = checkFilename(filename, form.type, form.name, form.version)
  if ('message' in file) throw invalid(file.message)
  checkDigests(form, blob)
  if (await alreadyStored(context, file, blob)) return
  const facts = (await context.parse(blob, storedPath(file))) as DistributionFacts
  holdDependencies(form, file, facts)
  for (const warning of facts.warnings) context.log.warn('pypi.upload-odd', { filename, warning })
  const attestations = checkAttestations(form.attestations, file, blob.digests.sha256)
  const sidecars = {
    metadata: await stageMetadata(context, file, blob, facts.metadataPath),
    provenance: attestations && (await context.stage(Readable.from([renderProvenance(attestations)]))),
  }
  await storeDistribution(context, { file, blob, facts, ...sidecars, at: clock().now() })
}

/** Every digest that was given: clients send some of three, and none of them alone is sent by all. */
function checkDigests({ digests }: UploadForm, blob: StagedBlob): void {
  for (const [name, given] of Object.entries(digests) as [keyof typeof digests, string][]) {
    if (blob.digests[name] !== given) {
      throw invalid('The digest supplied does not match a digest calculated from the uploaded file.', {
        detail: { code: 'digest', algorithm: name },
      })
    }
  }
}

/** What an index tells of dependencies and what an installer finds in the wheel are one: a form that says other ones tells people of what nobody gets. */
function holdDependencies(
  { requiresDist: said }: UploadForm,
  { type }: DistributionFile,
  { requiresDist: own }: DistributionFacts,
): void {
  if (type !== 'bdist_wheel' || said.length === 0) return
  for (const [where, these, those] of [
    ['the form', said, own],
    ['METADATA', own, said],
  ] as const) {
    const others = new Set(those.map(comparableRequirement))
    const alone = these.find((requirement) => !others.has(comparableRequirement(requirement)))
    if (alone !== undefined)
      throw invalid(
        `Invalid distribution file. Requires-Dist of the form and of METADATA differ: only ${where} has '${alone.slice(0, 200)}'`,
      )
  }
}

/** METADATA byte for byte, to be served beside the wheel (PEP 658). None for a name so long that its sidecar could not be addressed. */
async function stageMetadata(
  context: RepositoryContext,
  file: DistributionFile,
  blob: StagedBlob,
  metadataPath: string,
): Promise<StagedBlob | undefined> {
  if (file.type !== 'bdist_wheel' || file.filename.length + metadataSuffix.length > longestFilename) return undefined
  const found = await refuseArchive(readZipEntries(blob, (name) => name === metadataPath, { entry: metadataLimits.bytes }))
  const metadata = found.get(metadataPath)
  if (!metadata) throw new Error(`${metadataPath} was read from this archive before`)
  return context.stage(Readable.from([metadata]))
}
