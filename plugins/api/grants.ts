import {
  empty,
  type Grant,
  type GrantSubject,
  invalid,
  notFound,
  type OrganizationContext,
  organizationRoute,
  RegistryError,
  z,
} from '#core'
import { bodyOf, queryOf } from './body.js'
import { groupOf } from './groups.js'
import { memberOf } from './members.js'
import { behind, page, pageOf, pageQuery } from './page.js'
import { grantShape, problemShape } from './shapes.js'

const refusal = (description: string) => ({ description, body: problemShape })

/** `subject` is a group's name, or `member:NAME`, `service:NAME`; `repository` a name, or '*' for all of them. */
const place = { subject: z.string().min(1), repository: z.string().min(1), path: z.string().min(1).optional() }
const newGrant = z.strictObject({ ...place, level: z.enum(['read', 'write', 'delete', 'administer']) })
const whichGrant = z.strictObject(place)

/** `group:` is for groups whose own name begins with one of these words. */
const prefixed = /^(member|service|group):(.+)$/s

async function subjectOf({ directory }: OrganizationContext, text: string): Promise<GrantSubject> {
  const [, kind = 'group', name = text] = prefixed.exec(text) ?? []
  if (kind === 'group') return { kind, id: (await groupOf(directory, name)).id }
  const member = await memberOf(directory, name)
  if (member.kind !== kind) throw invalid(`${member.name} is a ${member.kind}, not a ${kind}`)
  return { kind: member.kind, id: member.id }
}

async function repositoryId({ administration }: OrganizationContext, name: string): Promise<string> {
  return name === '*' ? '*' : (await administration.getRepository(name)).id
}

/** As `subjectOf` reads it. Of somebody or something that is gone, the id stands in for the name. */
async function subjectName({ directory }: OrganizationContext, { kind, id }: GrantSubject): Promise<string> {
  if (kind !== 'group') return `${kind}:${(await directory.findMember(id))?.name ?? id}`
  const name = (await directory.findGroup(id))?.name ?? id
  return prefixed.test(name) ? `group:${name}` : name
}

/** With names where people wrote names; each is looked up once. */
async function* namedGrants(context: OrganizationContext): AsyncIterable<z.output<typeof grantShape>> {
  const repositories = new Map<string, string>()
  for await (const { id, name } of context.administration.listRepositories()) repositories.set(id, name)
  const subjects = new Map<string, string>()
  for await (const { subject, repository, level, path = null } of context.administration.listGrants()) {
    const name = subjects.get(subject.id) ?? (await subjectName(context, subject))
    subjects.set(subject.id, name)
    yield { subject: name, repository: repositories.get(repository) ?? repository, level, path }
  }
}
/** Line breaks stand in none of the three. */
const keyOf = ({ subject, repository, path }: z.output<typeof grantShape>) => `${subject}\n${repository}\n${path ?? ''}`

export const grantRoutes = [
  organizationRoute({
    method: 'GET',
    path: '/v1/grants',
    permission: 'repositories.manage',
    describe: { summary: 'Grants', query: pageQuery, answers: { 200: { description: 'One page', body: pageOf(grantShape) } } },
    handle: (request, context) =>
      page(request, {
        place: `${context.organization.id} grants`,
        list: ({ after }) => behind(namedGrants(context), keyOf, after),
        keyOf,
        shape: (grant) => grant,
      }),
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
      const grant = {
        subject: await subjectOf(context, subject),
        repository: await repositoryId(context, repository),
        ...(path === undefined ? {} : { path }),
      }
      try {
        await context.administration.removeGrant(grant)
      } catch (thrown) {
        if (!(thrown instanceof RegistryError) || thrown.kind !== 'not-found') throw thrown
        throw notFound('grant', `${subject} on ${repository}${path === undefined ? '' : ` below ${path}`}`, { cause: thrown })
      }
      return empty(204)
    },
  }),
]
