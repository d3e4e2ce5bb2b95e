import type { Clock, PackageKeeping } from '#core'
import { setProjectStatus, yankRelease } from './project-marks.js'
import { normalizeName } from './project-name.js'
import { copyRelease } from './release-copy.js'
import { removeProject, removeRelease } from './release-removal.js'
import { filesOf, releaseOf } from './releases.js'
import { mendRestored, mergeRestored } from './restored-project.js'

/** A project's releases: each all of its files, with what the index says of them. */
export const keeping = (clock: () => Clock): PackageKeeping => ({
  keyOf: normalizeName,
  async *versions(project, { documents }) {
    const releases = new Map<string, { readonly version: string; readonly publishedAt: Date }>()
    for (const { version, uploadedAt } of await filesOf(project, documents)) {
      const publishedAt = new Date(uploadedAt)
      const before = releases.get(releaseOf(version))
      if (before === undefined || before.publishedAt < publishedAt) releases.set(releaseOf(version), { version, publishedAt })
    }
    yield* releases.values()
  },
  remove: removeRelease,
  async *removeAll(project, context) {
    yield (change) => removeProject(project, context, change)
  },
  copy: (project, version, from, to, change) => copyRelease(project, version, from, to, change, clock().now()),
  yank: yankRelease,
  setStatus: setProjectStatus,
  merge: mergeRestored,
  mend: mendRestored,
})
