import { createHash, type Hash } from 'node:crypto'
import { setImmediate as turn } from 'node:timers/promises'
import { type ProtocolRequest, RegistryError, type Reply, type RepositoryContext, stale, unavailable } from '#core'
import type { Flavour } from './media-type.js'
import { htmlListParts } from './simple-html.js'
import { jsonListParts } from './simple-json.js'
import type { PageParts } from './simple-links.js'

const attempts = 5
/** Others have their turn while a long list is read. */
const readAtOnce = 500

/** The list of projects (PEP 503, 691). Its revision is a digest of the names: they are read for each answer, and rendered and compressed only when they
 *  are not what they were. */
export async function listProjects(flavour: Flavour, request: ProtocolRequest, context: RepositoryContext): Promise<Reply> {
  for (let attempt = 1; attempt <= attempts; attempt++) {
    const revision = await readProjects(context)
    const render = () => renderList(flavour, revision, context)
    try {
      return await context.derived({ name: 'projects', revision, flavour, render }, request)
    } catch (failure) {
      if (!(failure instanceof RegistryError) || failure.kind !== 'stale') throw failure
    }
  }
  throw unavailable('The list of projects changes too fast to be told; try again', 1)
}

/** The digest of all names. */
async function readProjects(context: RepositoryContext): Promise<string> {
  const digest = createHash('sha256')
  for await (const { project, name } of projectsOf(context)) digest.update(spelled(project, name))
  return revisionOf(digest)
}

async function renderList(flavour: Flavour, revision: string, context: RepositoryContext) {
  const parts = flavour === 'json' ? jsonListParts() : htmlListParts(flavour)
  return { contentType: parts.contentType, body: listPieces(parts, revision, context) }
}

/** Throws `stale` at its end where the names are no longer those of `revision`. */
async function* listPieces(parts: PageParts, revision: string, context: RepositoryContext): AsyncGenerator<string> {
  const digest = createHash('sha256')
  let before = parts.begin
  for await (const { project, name } of projectsOf(context)) {
    digest.update(spelled(project, name))
    yield before + parts.project(project, name)
    before = parts.between
  }
  if (revisionOf(digest) !== revision) throw stale('The list of projects has changed')
  yield before === parts.begin ? parts.begin + parts.end : parts.end
}

/** Normalized and display names, in order. */
export async function* projectsOf(context: RepositoryContext) {
  let count = 0
  for await (const { name: project, facts } of context.packages()) {
    yield { project, name: facts.name ?? project }
    if (++count % readAtOnce === 0) await turn()
  }
}

const spelled = (project: string, name: string) => `${project}\0${name}\0`
const revisionOf = (digest: Hash) => digest.digest('hex').slice(0, 32)
