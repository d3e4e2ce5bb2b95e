import type { Clock, PackageKeeping } from '#core'
import type { FileDocument } from './project-documents.js'
import { adviceOn, projectStatus, setProjectStatus, yankRelease } from './project-marks.js'
import { normalizeName } from './project-name.js'
import { copyRelease } from './release-copy.js'
import { removeProject, removeRelease } from './release-removal.js'
import { filesOf, releaseOf } from './releases.js'
import { mendRestored, mergeRestored } from './restored-project.js'

/** A project's releases: each all of its files, with what the index says of them. */
export const keeping = (clock: () => Clock): PackageKeeping => ({
  keyOf: normalizeName,
  async *versions(project, { documents }) {
    const releases = new Map<string, FileDocument[]>()
    for (const file of await filesOf(project, documents)) {
      const release = releaseOf(file.version)
      const files = releases.get(release)
      if (files === undefined) releases.set(release, [file])
      else files.push(file)
    }
    for (const files of releases.values()) {
      const newest = files.reduce((a, b) => (b.uploadedAt > a.uploadedAt ? b : a))
      yield { version: newest.version, publishedAt: new Date(newest.uploadedAt), ...adviceOn(files) }
    }
  },
  status: projectStatus,
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
