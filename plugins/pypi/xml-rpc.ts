import {
  type ProtocolRequest,
  RegistryError,
  type Reply,
  type RepositoryContext,
  readXml,
  repositoryRoute,
  textOf,
  tooLarge,
  xml,
} from '#core'
import { projectsOf } from './project-list.js'
import { escapeHtml } from './simple-html.js'

/** Bytes of a call. */
const longestCall = 64 * 1024
/** Names that one answer lists at most: it is made whole. A part of the list would tell a mirror that the rest is gone. */
const listedAtMost = 100_000

/** The XML-RPC of old indexes: it lists projects for mirrors, and says of everything else where to find it. */
export const xmlRpcRoutes = ['/pypi', '/pypi/', '/RPC2', '/RPC2/'].map((path) =>
  repositoryRoute({ method: 'POST', path, permission: 'artifacts.read', handle: serveCall }),
)

async function serveCall(request: ProtocolRequest, context: RepositoryContext): Promise<Reply> {
  let method: string
  try {
    const limits = { bytes: longestCall, nodes: 1_000, depth: 16, characterReferences: 100, text: 1_024 }
    const call = await readXml(request.body, 'methodCall', { methodName: true }, { limits, namespaces: false })
    method = textOf(call, 'methodName')?.trim() ?? ''
  } catch (failure) {
    if (!(failure instanceof RegistryError) || failure.kind === 'internal') throw failure
    if (failure.kind === 'too-large') throw tooLarge(`A call may have ${longestCall} bytes`)
    return fault(-32700, 'This is no XML-RPC call.')
  }
  if (method === 'list_packages') {
    const list = await listPackages(context)
    if (list !== undefined) return answer(list)
    return fault(-32500, `More than ${listedAtMost} projects are listed as JSON alone: ${context.mountUrl.href}simple/`)
  }
  const words = `Method '${method.slice(0, 80)}' is not served. Read projects as JSON: ${context.mountUrl.href}simple/{project}/`
  return fault(-32500, words)
}

/** Undefined where there are too many for one answer. */
async function listPackages(context: RepositoryContext): Promise<string | undefined> {
  const values: string[] = []
  for await (const { name } of projectsOf(context)) {
    if (values.length === listedAtMost) return undefined
    values.push(`<value><string>${escapeHtml(name)}</string></value>`)
  }
  return `<params><param><value><array><data>${values.join('')}</data></array></value></param></params>`
}

function fault(code: number, text: string): Reply {
  const member = (name: string, value: string) => `<member><name>${name}</name><value>${value}</value></member>`
  const members = member('faultCode', `<int>${code}</int>`) + member('faultString', `<string>${escapeHtml(text)}</string>`)
  return answer(`<fault><value><struct>${members}</struct></value></fault>`)
}

function answer(content: string): Reply {
  return xml(200, `<?xml version="1.0"?>\n<methodResponse>${content}</methodResponse>\n`, { 'cache-control': 'no-store' })
}
