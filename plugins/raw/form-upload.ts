import {
  canonicalName,
  conflict,
  type Form,
  type FormFile,
  invalid,
  json,
  type RepositoryContext,
  repositoryRoute,
  type Stage,
} from '#core'
import { meantType } from './content-type.js'
import { foldersAbove } from './file-path.js'
import { flag } from './listing-query.js'
import { refuseUnportable } from './portable-names.js'
import { holdSidecar, sidecarDigests } from './sidecar.js'
import { refuseFileBesideFolder } from './stored-file.js'

const filesAtMost = 50

/** `curl -F directory=a/b -F file=@x`: a form with files, as pages and scripts send it. All of them in one change. Fields: `directory`, or `path` of the
 *  one file; `overwrite`, true unless said otherwise. */
export const uploadForm = repositoryRoute({
  method: 'POST',
  path: '/-/upload',
  permission: 'artifacts.write',
  async handle(request, context) {
    const form = await request.form(stageWithSidecars(context), { files: filesAtMost, fields: 10 })
    const overwrite = flag('overwrite', field(form, 'overwrite') ?? 'true')
    const targets = targetsOf(form)
    let reached: RepositoryContext = context
    for (const path of targets.keys()) {
      refuseUnportable(path, context)
      reached = await reached.reaching(path)
      await refuseFileBesideFolder(path, reached)
    }
    const blobs = new Map([...targets].map(([path, { blob }]) => [path, blob]))
    for (const [path, blob] of blobs) await holdSidecar(path, blob, reached, blobs)
    const change = reached.change()
    for (const [path, { blob, contentType }] of targets) {
      const type = meantType(contentType)
      const condition = overwrite ? {} : { if: 'absent' as const }
      change.putArtifact(path, blob, { replace: true, ...condition, ...(type === undefined ? {} : { contentType: type }) })
    }
    const { artifacts } = await change.commit()
    return json(201, { files: [...artifacts].map(([path, outcome]) => ({ path, outcome })) })
  },
})

/** Files of one form may be a file and what is said of it. */
function stageWithSidecars({ stage, repository }: RepositoryContext): Stage {
  const digests = sidecarDigests(repository)
  const { limit } = stage
  return Object.assign<Stage, Pick<Stage, 'limit'>>(
    (upload, expected, options) => stage(upload, expected, { ...options, digests }),
    limit === undefined ? {} : { limit },
  )
}

function targetsOf(form: Form): ReadonlyMap<string, FormFile> {
  const [first] = form.files
  if (first === undefined) throw invalid('The form has no file')
  const path = field(form, 'path')
  if (path !== undefined) {
    if (form.files.length > 1) throw invalid('path names one file; give directory for several')
    return new Map([[canonicalName(path), first]])
  }
  const folder = field(form, 'directory') ?? ''
  const targets = new Map<string, FormFile>()
  for (const file of form.files) {
    if (file.filename.includes('/')) throw invalid('The name of a file in a form is a name without folders')
    const target = canonicalName(`${folder}/${file.filename}`)
    if (targets.has(target)) throw conflict(`Two files of the form have one name: ${target}`)
    targets.set(target, file)
  }
  for (const target of targets.keys())
    if (foldersAbove(target).some((above) => targets.has(above)))
      throw conflict(`A file of the form would lie in another: ${target}`)
  return targets
}

function field(form: Form, name: string): string | undefined {
  const values = form.fields.get(name)
  if (values !== undefined && values.length > 1) throw invalid(`The form says ${name} more than once`)
  return values?.[0]
}
