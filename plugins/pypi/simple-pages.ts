import {
  type Headers,
  notFound,
  type ProtocolRequest,
  type Reply,
  type RepositoryContext,
  redirect,
  repositoryRoute,
  text,
} from '#core'
import { type Flavour, mediaTypes, selectFlavour } from './media-type.js'
import { listProjects } from './project-list.js'
import { projectOf } from './project-name.js'

/** The pages of the simple index: served at `/simple/…` and, at the same depth, `/+simple/…`; every other spelling is sent there. */
export const simpleRoutes = [
  repositoryRoute({ method: 'GET', path: '/simple/', permission: 'artifacts.read', handle: serveList }),
  repositoryRoute({ method: 'GET', path: '/simple/{project}/', permission: 'artifacts.read', handle: servePage }),
  repositoryRoute({ method: 'GET', path: '/+simple/', permission: 'artifacts.read', handle: serveList }),
  repositoryRoute({ method: 'GET', path: '/+simple/{project}/', permission: 'artifacts.read', handle: servePage }),
  ...['/simple', '/+simple', '/legacy/+simple', '/legacy/+simple/'].map((path) =>
    repositoryRoute({
      method: 'GET',
      path,
      permission: 'artifacts.read',
      handle: async (request, context) => toCanonical(request, context, 'simple/'),
    }),
  ),
  ...(['/simple/{project}', '/+simple/{project}', '/legacy/+simple/{project}', '/legacy/+simple/{project}/'] as const).map(
    (path) => repositoryRoute({ method: 'GET', path, permission: 'artifacts.read', handle: redirectToPage }),
  ),
]

type PageRequest = ProtocolRequest<{ readonly project: string }>

async function servePage(request: PageRequest, context: RepositoryContext): Promise<Reply> {
  const { project } = request.params
  if (projectOf(project) !== project) return redirectToPage(request, context)
  const flavour = flavourFor(request)
  if (!flavour) return notAcceptable()
  const page = await context.index('simple', project)
  if (!page) throw notFound('Project', project)
  const reply = await page.reply(flavour, request)
  return { ...reply, headers: { ...reply.headers, ...pageHeaders(context) } }
}

async function redirectToPage(request: PageRequest, context: RepositoryContext): Promise<Reply> {
  const project = projectOf(request.params.project)
  if (project === undefined) throw notFound('Project', request.params.project)
  return toCanonical(request, context, `simple/${project}/`)
}

async function serveList(request: ProtocolRequest, context: RepositoryContext): Promise<Reply> {
  const flavour = flavourFor(request)
  if (!flavour) return notAcceptable()
  const reply = await listProjects(flavour, request, context)
  return { ...reply, headers: { ...reply.headers, ...pageHeaders(context) } }
}

function flavourFor(request: ProtocolRequest): Flavour | undefined {
  return selectFlavour(request.header('accept'), request.query.getAll('format'))
}

/** Beside what kept documents say of caches. */
function pageHeaders({ repository, organization }: RepositoryContext): Headers {
  return repository.public && organization.publicAllowed ? openHeaders : sandbox
}

const sandbox: Headers = { 'content-security-policy': "sandbox; default-src 'none'; frame-ancestors 'none'" }
/** Tools in a browser read public indexes. */
const openHeaders: Headers = {
  ...sandbox,
  'access-control-allow-origin': '*',
  'access-control-allow-methods': 'GET',
  'access-control-allow-headers': 'Content-Type, If-Match, If-Modified-Since, If-None-Match, If-Unmodified-Since',
  'access-control-max-age': '86400',
}

/** Below our own address, with its prefix; relative links of a page are only right at its canonical depth. */
function toCanonical(request: ProtocolRequest, { mountUrl }: RepositoryContext, path: string): Reply {
  const query = request.query.toString()
  return redirect(301, `${mountUrl.href}${path}${query === '' ? '' : `?${query}`}`)
}

function notAcceptable(): Reply {
  return text(406, `This address answers as\n${Object.values(mediaTypes).join('\n')}\n`, {
    'cache-control': 'no-store',
    vary: 'Accept',
  })
}
