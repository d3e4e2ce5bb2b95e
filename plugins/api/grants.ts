import { empty, type Grant, type GrantSubject, invalid, json, type OrganizationContext, organizationRoute, z } from '#core'
import { bodyOf, queryOf } from './body.js'
import { groupOf } from './groups.js'
import { memberOf } from './members.js'
import { grantShape, problemShape, shapeGrant } from './shapes.js'

const refusal = (description: string) => ({ description, body: problemShape })

/** `subject` is a group's name, or `member:NAME`, `service:NAME`; `repository` a name, or '*' for all of them. */
const place = { subject: z.string().min(1), repository: z.string().min(1), path: z.string().min(1).max(1_024).optional() }
const newGrant = z.strictObject({ ...place, level: z.enum(['read', 'write', 'delete', 'administer']) })
const whichGrant = z.strictObject(place)

async function subjectOf({ directory }: OrganizationContext, text: string): Promise<GrantSubject> {
  const [, kind, name = ''] = /^(member|service):(.+)$/s.exec(text) ?? []
  if (kind === undefined) return { kind: 'group', id: (await groupOf(directory, text)).id }
  const member = await memberOf(directory, name)
  if (member.kind !== kind) throw invalid(`${name} is a ${member.kind}, not a ${kind}`)
  return { kind: member.kind, id: member.id }
}

async function repositoryId({ administration }: OrganizationContext, name: string): Promise<string> {
  return name === '*' ? '*' : (await administration.getRepository(name)).id
}

/** Of somebody or something that is gone, the id stands in for the name. */
async function subjectName({ directory }: OrganizationContext, { kind, id }: GrantSubject): Promise<string> {
  if (kind === 'group') return (await directory.findGroup(id))?.name ?? id
  return `${kind}:${(await directory.findMember(id))?.name ?? id}`
}

export const grantRoutes = [
  organizationRoute({
    method: 'GET',
    path: '/v1/grants',
    permission: 'members.read',
    describe: {
      summary: 'All grants',
      answers: { 200: { description: 'All of them', body: z.strictObject({ items: z.array(grantShape), next: z.null() }) } },
    },
    async handle(_request, context) {
      const names = new Map<string, string>()
      for await (const { id, name } of context.administration.listRepositories()) names.set(id, name)
      const items: unknown[] = []
      for await (const grant of context.administration.listGrants())
        items.push(shapeGrant(grant, await subjectName(context, grant.subject), names.get(grant.repository) ?? grant.repository))
      return json(200, { items, next: null })
    },
  }),
  organizationRoute({
    method: 'PUT',
    path: '/v1/grants',
    permission: 'repositories.manage',
    describe: {
      summary: 'Give a level on a repository, or change it',
      body: newGrant,
      answers: { 204: { description: 'Given' }, 404: refusal('No such subject or repository') },
    },
    async handle(request, context) {
      const { subject, repository, path, level } = await bodyOf(request, newGrant)
      const grant: Grant = {
        subject: await subjectOf(context, subject),
        repository: await repositoryId(context, repository),
        level,
        ...(path === undefined ? {} : { path }),
      }
      await context.administration.setGrant(grant)
      return empty(204)
    },
  }),
  organizationRoute({
    method: 'DELETE',
    path: '/v1/grants',
    permission: 'repositories.manage',
    describe: {
      summary: 'Take a grant back',
      query: whichGrant,
      answers: { 204: { description: 'Taken back' }, 404: refusal('No such grant') },
    },
    async handle(request, context) {
      const { subject, repository, path } = queryOf(request, whichGrant)
      await context.administration.removeGrant({
        subject: await subjectOf(context, subject),
        repository: await repositoryId(context, repository),
        ...(path === undefined ? {} : { path }),
      })
      return empty(204)
    },
  }),
]
