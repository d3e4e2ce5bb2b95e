import { compareNames, invalid, json, notFound, type OrganizationContext, type PackageVersion, z } from '#core'
import { answer, refusal } from './answers.js'
import {
  entryShape,
  fileShape,
  packageShape,
  packageStateShape,
  shapeEntry,
  shapeFile,
  shapePackage,
  shapePackageState,
} from './contents-shapes.js'
import { inOrganization } from './management-route.js'
import { packageNameIn } from './package-address.js'
import { page, pageOf, pageQuery, sayCursor, takeCursor } from './page.js'

const clean = /^[^/]+(?:\/[^/]+)*$/
const path = z.string().max(1_024)
const inFolder = pageQuery.extend({
  folder: path.default('').meta({ description: 'Path of a folder, without slashes at its ends; the root where it is not said' }),
})
const ofFile = z.strictObject({ path: path.min(1).meta({ description: 'Path of a file', examples: ['docs/notes.txt'] }) })
const settingShape = z
  .strictObject({ client: z.string(), text: z.string().meta({ description: 'Lines to paste' }) })
  .meta({ id: 'ClientSetting' })

/** Names are compared with what is stored, and no key holds a zero byte. */
function checked(text: string, field: string): string {
  if (text !== '' && (!clean.test(text) || /\p{Cc}|\p{Surrogate}/u.test(text) || Buffer.byteLength(text) > 1_024))
    throw invalid(`Not a path: ${field}`, { detail: { field } })
  return text.normalize('NFC')
}

/** `…/{org}/-/api/` to `…/{org}/{repository}/`. */
function addressOf({ mountUrl }: OrganizationContext, repository: string): URL {
  return new URL(`../../${encodeURIComponent(repository)}/`, mountUrl)
}

export const artifactRoutes = [
  inOrganization({
    method: 'GET',
    path: '/v1/artifacts/{repository}',
    permission: 'repositories.read',
    summary: 'What lies in a folder, as far as the caller may read it',
    query: inFolder,
    answers: { 200: pageOf(entryShape) },
    async handle({ params, query: { folder, ...query } }, { organization, contents }) {
      const within = checked(folder, 'folder')
      return page(query, {
        place: `${organization.id} folder ${params.repository} ${within}`,
        list: ({ after }) => contents.folder(params.repository, within, after === undefined ? {} : { after }),
        keyOf: ({ name }) => name,
        shape: shapeEntry(within),
      })
    },
  }),
  inOrganization({
    method: 'GET',
    path: '/v1/artifacts/{repository}/file',
    permission: 'repositories.read',
    summary: 'One file: its size and digests, and where its bytes are',
    query: ofFile,
    answers: { 200: answer('As it stands', fileShape), 404: refusal('No such file, or none for this caller') },
    async handle({ params, query }, context) {
      const details = await context.contents.file(params.repository, checked(query.path, 'path'))
      const steps = details.artifact.path.split('/').map(encodeURIComponent).join('/')
      const url = details.addressed ? new URL(steps, addressOf(context, params.repository)) : null
      return json(200, shapeFile(details, url, await context.privacy.nameOfErased(details.artifact.publishedBy)))
    },
  }),
  inOrganization({
    method: 'GET',
    path: '/v1/repositories/{repository}/settings',
    permission: 'repositories.read',
    summary: "Lines to paste into each client's own settings",
    answers: { 200: answer('All of them', z.array(settingShape)) },
    handle: async ({ params }, context) =>
      json(200, await context.contents.settings(params.repository, addressOf(context, params.repository))),
  }),
  inOrganization({
    method: 'GET',
    path: '/v1/packages/{repository}',
    permission: 'repositories.read',
    summary: 'Packages of a repository, by name',
    query: pageQuery,
    answers: { 200: pageOf(packageShape) },
    handle: ({ params, query }, { organization, contents }) =>
      page(query, {
        place: `${organization.id} packages ${params.repository}`,
        list: ({ after }) => contents.packages(params.repository, after === undefined ? {} : { after }),
        keyOf: ({ name }) => name,
        shape: shapePackage,
      }),
  }),
  inOrganization({
    method: 'GET',
    path: '/v1/packages/{repository}/{package}',
    permission: 'repositories.read',
    summary: 'One package: what it is, and its versions, newest first',
    query: pageQuery,
    answers: { 200: answer('As it stands', packageStateShape), 404: refusal('No such package, or none for this caller') },
    async handle({ params, query }, context) {
      const asked = packageNameIn(params.package)
      const state = await context.lifecycle.inspect(params.repository, asked)
      const described = await context.contents.findPackage(params.repository, state?.name ?? asked)
      // A folder of raw is described by nothing, nor is a project of PyPI without files.
      const details = described ?? (state && { ...state, facts: {} })
      if (details === undefined) throw notFound('package', asked.slice(0, 214))
      const place = `${context.organization.id} versions ${params.repository} ${details.name}`
      return json(200, shapePackageState(details, state, cut(state?.versions ?? [], place, query)))
    },
  }),
]

/** A page of versions that are in order already. */
function cut(all: readonly PackageVersion[], place: string, { limit, cursor }: z.output<typeof pageQuery>) {
  const after = takeCursor(place, cursor)
  const [at = '', ...version] = after?.split(' ') ?? []
  const start = after === undefined ? 0 : all.findIndex((one) => isBehind(one, Number(at), version.join(' ')))
  const versions = start < 0 ? [] : all.slice(start, start + limit)
  const last = versions.at(-1)
  const more = last !== undefined && start + limit < all.length
  return { versions, next: more ? sayCursor(place, `${last.publishedAt.getTime()} ${last.version}`) : null }
}

function isBehind({ publishedAt, version }: PackageVersion, at: number, after: string): boolean {
  const time = publishedAt.getTime()
  return time < at || (time === at && compareNames(version, after) < 0)
}
