import { empty, type Grant, type GrantSubject, invalid, notFound, type OrganizationContext, RegistryError, z } from '#core'
import { answer, refusal } from './answers.js'
import { groupOf } from './groups.js'
import { inOrganization } from './management-route.js'
import { memberOf } from './members.js'
import { behind, page, pageOf, pageQuery } from './page.js'
import { grantShape } from './shapes.js'

const place = {
  subject: z.string().min(1).meta({ description: "A group's name, or `member:NAME`, `service:NAME`, `group:NAME`" }),
  repository: z.string().min(1).meta({ description: "A repository's name, or `*` for all of them" }),
  path: z.string().min(1).optional().meta({ description: 'Only below this path, by whole segments' }),
}
const newGrant = z
  .strictObject({ ...place, level: z.enum(['read', 'write', 'delete', 'administer']) })
  .meta({ id: 'NewGrant', examples: [{ subject: 'builders', repository: 'releases', level: 'write' }] })
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
  inOrganization({
    method: 'GET',
    path: '/v1/grants',
    permission: 'repositories.manage',
    summary: 'Grants',
    query: pageQuery,
    answers: { 200: pageOf(grantShape) },
    handle: ({ query }, context) =>
      page(query, {
        place: `${context.organization.id} grants`,
        list: ({ after }) => behind(namedGrants(context), keyOf, after),
        keyOf,
        shape: (grant) => grant,
      }),
  }),
  inOrganization({
    method: 'PUT',
    path: '/v1/grants',
    permission: 'repositories.manage',
    summary: 'Give a level on a repository, or change it',
    body: newGrant,
    answers: { 204: answer('Given'), 404: refusal('No such subject or repository') },
    async handle({ body: { subject, repository, path, level } }, context) {
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
  inOrganization({
    method: 'DELETE',
    path: '/v1/grants',
    permission: 'repositories.manage',
    summary: 'Take a grant back',
    query: whichGrant,
    answers: { 204: answer('Taken back'), 404: refusal('No such grant') },
    async handle({ query: { subject, repository, path } }, context) {
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
