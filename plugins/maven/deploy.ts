import { empty, repositoryRoute, unsupported } from '#core'
import { putChecksum } from './checksum-files.js'
import { putArtifactFile, putLooseFile } from './file-upload.js'
import { parseMavenPath } from './layout.js'
import { putMetadata } from './metadata-upload.js'
import { removeFile } from './removal.js'
import { admitFile } from './repository-rules.js'
import { requestDigests } from './request-digests.js'

/** `now`: the house's clock. */
export type Now = () => Date

export const deploy = (now: Now) =>
  repositoryRoute({
    method: 'PUT',
    path: '/{path+}',
    permission: 'artifacts.write',
    async handle(request, context) {
      const { path } = request.params
      const coding = request.header('content-encoding')
      if (coding !== undefined && coding.toLowerCase() !== 'identity')
        throw unsupported(`Files are stored as they are sent; the coding ${coding} is not taken`, {
          detail: { title: 'Coding not accepted' },
        })
      const parsed = parseMavenPath(path)
      if (parsed.kind === 'metadata') return putMetadata(request, context, parsed.folder, now())
      if (parsed.kind === 'checksum') return putChecksum(request, context, parsed, now())
      const file = admitFile(path, parsed, context.repository)
      const promised = requestDigests((name) => request.header(name))
      if (file === undefined) return putLooseFile(context, path, await context.stage(request.body, promised))
      return putArtifactFile(context, { path, file, now }, (expected) =>
        context.stage(request.body, { ...expected, ...promised }),
      )
    },
  })

export const remove = (now: Now) =>
  repositoryRoute({
    method: 'DELETE',
    path: '/{path+}',
    permission: 'artifacts.delete',
    async handle({ params }, context) {
      await removeFile(context, params.path, now())
      return empty(204)
    },
  })
