import { forbidden, invalid, json, principalId, type Reply, type RepositoryContext, unprocessable } from '#core'
import { houseClock } from './house-clock.js'
import { factsOf, fragmentsOf } from './manifest.js'
import { disagreements } from './manifest-agreement.js'
import { changePackage } from './package-changes.js'
import {
  documentKeys,
  findTag,
  findTags,
  type PackageDocument,
  type Person,
  type ReadmeDocument,
  revisionOf,
  type VersionDocument,
  versionDocuments,
} from './package-documents.js'
import type { TarballFacts } from './package-json-parser.js'
import { quoted, tarballPath } from './package-name.js'
import { readProvenance } from './provenance.js'
import type { Publish } from './publish-document.js'
import { signedText } from './signatures.js'
import { holdTagRoom } from './tag-room.js'

/** An automatic repeat of a PUT that was committed is answered as the first, for so long (npm dossier 9.5). */
const repeatMilliseconds = 60_000

/** Takes a new version: file, manifest and tags in one commit, after everything is held against everything (npm dossier 9.3). */
export async function publish(pkg: string, request: Publish, context: RepositoryContext): Promise<Reply> {
  const { manifest, tarball } = request
  const { version } = manifest
  const path = tarballPath(pkg, version)
  const facts = (await context.parse(tarball, path)) as TarballFacts
  const disagrees = checkAgreement(pkg, request, facts, context)
  if (manifest['private'] === true) throw refused(`${quoted(pkg)} is marked as private: it cannot be published.`)
  const publisher = publisherOf(context)
  const sha512 = tarball.digests.sha512 ?? ''
  const provenance = request.provenance === undefined ? undefined : readProvenance(pkg, version, sha512, request.provenance)

  const sequence = await changePackage(pkg, context, async () => {
    const now = houseClock.now()
    const { documents } = context
    const head = await documents.head(pkg)
    const [existing, gone, before] = await Promise.all([
      documents.find(documentKeys.version(pkg, version)),
      documents.find(documentKeys.gone(pkg, version)),
      documents.find(documentKeys.package(pkg)),
    ])
    const stored = before?.value as PackageDocument | undefined
    const present = existing?.value as VersionDocument | undefined
    const alive = present !== undefined && stored?.removed === undefined && stored?.generation === present.generation
    if (alive && isRepeat(present, sha512, context, now)) return head?.sequence ?? 0
    if (alive) throw refused(`You cannot publish over the previously published versions: ${version}.`)
    if (gone !== undefined || present !== undefined)
      throw refused(`Cannot publish over previously unpublished version ${version}.`)

    const fresh = stored === undefined || stored.removed !== undefined
    const owner: PackageDocument = fresh
      ? { v: 1, generation: (stored?.generation ?? 0) + 1, created: now.toISOString(), maintainers: [publisher] }
      : stored
    const { generation } = owner
    const latest = fresh ? undefined : await findTag(pkg, 'latest', generation, documents)
    if (!fresh && request.tags.some((tag) => tag !== 'latest'))
      holdTagRoom(await findTags(pkg, generation, documents), new Map(request.tags.map((tag) => [tag, version])))
    const [signature] = await context.signatures.sign([signedText(pkg, version, sha512)])
    const fragments = fragmentsOf(manifest, {
      signature,
      publisher,
      maintainers: owner.maintainers,
      sha1: tarball.digests.sha1 ?? '',
      sha512,
      ...facts.tarball,
    })
    const publication = {
      publishedAt: now.toISOString(),
      publishedBy: principalId(context.principal),
      sha512,
      ...(provenance === undefined ? {} : { attested: provenance.predicateType }),
      ...(disagrees.length === 0 ? {} : { disagrees }),
    }
    const changes = context
      .change()
      .requireHead(pkg, head?.sequence ?? 0)
      .putArtifact(path, tarball)
    for (const { key, value } of versionDocuments(pkg, { v: 1, generation, ...fragments, ...publication, version }))
      changes.putDocument(key, value, 'absent')
    if (fresh) changes.putDocument(documentKeys.package(pkg), owner)
    for (const tag of request.tags) changes.putDocument(documentKeys.tag(pkg, tag), { v: 1, generation, version, explicit: true })
    // Every package has a latest, whatever its first tag was.
    const isLatest = request.tags.includes('latest') || latest === undefined
    if (!request.tags.includes('latest') && isLatest)
      changes.putDocument(documentKeys.tag(pkg, 'latest'), { v: 1, generation, version, explicit: false })
    const readme = readmeOf(request, generation)
    if (readme !== undefined) changes.putDocument(documentKeys.readme(pkg, version), readme)
    if (provenance !== undefined) changes.putDocument(documentKeys.attestation(pkg, version), { v: 1, generation, ...provenance })
    if (isLatest) changes.describe(pkg, factsOf(fragments.full, publication.publishedAt))
    return (await changes.commit()).heads.get(pkg) ?? 0
  })
  return json(201, { ok: true, success: true, id: pkg, rev: revisionOf(pkg, sequence) })
}

/** A refusal in words that scripts know. */
export function refused(message: string) {
  return forbidden(message, { detail: { worded: true } })
}

export function publisherOf({ principal }: RepositoryContext): Person {
  return { name: principal.kind === 'member' || principal.kind === 'service' ? principal.name : principalId(principal) }
}

/** Name and version have to be those of the tarball. What else differs is refused, or, where the repository is permissive, returned and kept. */
function checkAgreement(pkg: string, { manifest }: Publish, facts: TarballFacts, context: RepositoryContext): string[] {
  if (facts.name !== pkg)
    throw invalid(`the package.json in the tarball is of ${quoted(facts.name.slice(0, 214))}, not of ${quoted(pkg)}`)
  if (facts.version !== manifest.version)
    throw invalid(
      `the package.json in the tarball is version ${quoted(facts.version.slice(0, 128))}, not ${quoted(manifest.version)}`,
    )
  const fields = disagreements(manifest, facts.tarball.fields, facts.tarball.hasGyp)
  if (fields.length > 0 && context.repository.layoutPolicy === 'strict')
    throw unprocessable(`the manifest and the package.json in the tarball differ in ${fields.join(', ')}`, { detail: { fields } })
  if (fields.length > 0) context.log.warn('npm.disagreement', { package: pkg, version: manifest.version, fields })
  return fields
}

function isRepeat(present: VersionDocument, sha512: string, { principal }: RepositoryContext, now: Date): boolean {
  const age = now.getTime() - Date.parse(present.publishedAt)
  return present.sha512 === sha512 && present.publishedBy === principalId(principal) && age < repeatMilliseconds
}

/** Bytes of a readme that are kept, and of the same as JSON text, where control characters take six. */
const readmeLimit = 64 * 1024
const readmeTextLimit = 128 * 1024
function readmeOf({ readme, readmeFilename }: Publish, generation: number): ReadmeDocument | undefined {
  if (readme === undefined) return undefined
  const whole = Buffer.from(readme)
  // Streaming, the decoder leaves out a character that is cut in two.
  const cut = (bytes: number) => new TextDecoder().decode(whole.subarray(0, bytes), { stream: true })
  let text = cut(readmeLimit)
  for (let bytes = readmeLimit; Buffer.byteLength(JSON.stringify(text)) > readmeTextLimit; text = cut(bytes)) bytes /= 2
  return {
    v: 1,
    generation,
    text,
    ...(readmeFilename === undefined ? {} : { filename: readmeFilename.slice(0, 255) }),
  }
}
