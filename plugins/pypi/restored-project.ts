import { conflict, type PackageKeeping } from '#core'
import { findDocument, type ProjectDocument, projectKey } from './project-documents.js'
import { filesOf, highest, releaseOf, supersedes } from './releases.js'

type Merge = NonNullable<PackageKeeping['merge']>
type States = Parameters<Merge>[1]

/** A document on an undo of its removal, where others changed it meanwhile. Throws `conflict` where a file that was removed stands there anew. */
export const mergeRestored: Merge = (key, states) => {
  const { before, after, now } = states
  if (key[1] === 'project') return mergeProject(states)
  if (key[1] === 'file' && before !== undefined && after === undefined && now !== undefined)
    throw conflict(`${key[2]} was uploaded again meanwhile`)
  return now
}

/** Of two states of a project that has the releases of both, the one of the higher release describes it; the name is the newer one's. The status of one
 *  that was there all the time is what was said last; one that was made anew takes over what had been said of it. */
function mergeProject({ before, after, now }: States): ReturnType<Merge> {
  if (before === undefined || now === undefined) return now ?? before
  const [then, present] = [before, now] as unknown as readonly [ProjectDocument, ProjectDocument]
  const { latest, facts } = supersedes(present.latest, then.latest) ? present : then
  const status = present.status ?? (after === undefined ? then.status : undefined)
  return { ...present, latest, facts, ...(status === undefined ? {} : { status }) }
}

/** What stands for a project is among its files once a release came back. The words of one that is on its way back cannot be read yet: none are better than
 *  those of another, and the next upload brings its own. */
export const mendRestored: NonNullable<PackageKeeping['mend']> = async (projects, context, documents, change) => {
  for (const project of projects) {
    const head = (await context.documents.head(project))?.sequence ?? 0
    const owner = await findDocument<ProjectDocument>(documents, projectKey(project))
    const files = await filesOf(project, documents)
    const latest = highest(files)
    if (owner === undefined || latest === undefined) continue
    if (files.some(({ version }) => releaseOf(version) === releaseOf(owner.value.latest))) continue
    change.requireHead(project, head)
    change.putDocument(projectKey(project), { ...owner.value, latest, facts: {} })
  }
}
