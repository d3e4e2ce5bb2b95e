import type { ProtocolRequest, RegistryError, Reply } from '#core'

const types = 'https://iana.org/assignments/http-problem-types#'

/** The two failures that a client of the IETF draft acts on, as the problem documents it names. */
export function uploadProblem(
  { detail, kind, message }: RegistryError,
  request: Pick<ProtocolRequest, 'header'>,
): Reply | undefined {
  if (detail['code'] === 'upload-offset') {
    const offset = Number(detail['offset'])
    const provided = Number.parseInt(request.header('upload-offset') ?? '0', 10)
    const members = {
      ...{ type: `${types}mismatching-upload-offset`, title: message, status: 409 },
      ...{ 'expected-offset': offset, 'provided-offset': provided },
    }
    return problem(409, members, { 'upload-offset': String(offset), 'upload-complete': '?0' })
  }
  if (detail['code'] === 'upload-length' && (kind === 'invalid' || kind === 'too-large'))
    return problem(400, { type: `${types}inconsistent-upload-length`, title: message, status: 400 }, {})
  return undefined
}

function problem(status: number, members: object, headers: Readonly<Record<string, string>>): Reply {
  return {
    status,
    headers: { 'content-type': 'application/problem+json', ...headers },
    body: Buffer.from(JSON.stringify(members)),
  }
}
