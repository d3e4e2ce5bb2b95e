import { conflict, empty, notFound, repositoryRoute, unsupported } from '#core'
import { putChecksum } from './checksum-files.js'
import { putArtifactFile, putLooseFile } from './file-upload.js'
import { type ChecksumAlgorithm, checksumAlgorithms, parseMavenPath } from './layout.js'
import { putMetadata } from './metadata-upload.js'
import { holdBeforeBody } from './preconditions.js'
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
      // This one makes a client send the bytes; anything else it takes for the end.
      if (request.header('x-checksum-deploy')?.toLowerCase() === 'true')
        throw notFound('bytes for a checksum alone, send them:', path)
      const read = (name: string) => request.header(name)
      const promised = requestDigests(read)
      const held = await holdBeforeBody(read, path, context)
      if (file === undefined) {
        const folder = parsed.kind === 'other' ? parsed.folder : undefined
        return putLooseFile(context, { path, folder, held }, await context.stage(request.body, promised))
      }
      return putArtifactFile(context, { path, file, now, read }, (expected) => {
        for (const algorithm of checksumAlgorithms) agree(algorithm, expected[algorithm], promised[algorithm])
        return context.stage(request.body, { ...expected, ...promised })
      })
    },
  })

function agree(algorithm: ChecksumAlgorithm, ahead: string | undefined, promised: string | undefined): void {
  if (ahead !== undefined && promised !== undefined && ahead !== promised)
    throw conflict(`The ${algorithm} that came ahead of the file is ${ahead}, its own request says ${promised}`, {
      detail: { title: 'Checksum differs' },
    })
}

export const remove = (now: Now) =>
  repositoryRoute({
    method: 'DELETE',
    path: '/{path+}',
    permission: 'artifacts.delete',
    async handle(request, context) {
      await removeFile(context, request.params.path, now(), (name) => request.header(name))
      return empty(204)
    },
  })
