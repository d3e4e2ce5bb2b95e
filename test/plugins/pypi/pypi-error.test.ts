import { expect } from 'chai'
import {
  conflict,
  forbidden,
  hidden,
  invalid,
  methodNotAllowed,
  notFound,
  type ProtocolRequest,
  RegistryError,
  tooLarge,
} from '#core'
import { reasonPhrase, renderError } from '../../../plugins/pypi/pypi-error.js'

function requestFor(method: string, path: string, accept?: string): ProtocolRequest {
  return { method, path, header: (name: string) => (name === 'accept' ? accept : undefined) } as unknown as ProtocolRequest
}
const shown = (reply: ReturnType<typeof renderError>) => ({
  status: reply.status,
  reason: reply.reason,
  type: reply.headers['content-type'],
  body: Buffer.from(reply.body as Uint8Array).toString(),
})
const uv = 'application/json;q=0.9, text/plain;q=0.8, text/html;q=0.7'

describe('failures in the words of Python clients', () => {
  it('of an upload carry the message in the reason phrase and in the body', () => {
    expect(
      shown(renderError(invalid('Upload payload does not have a file.'), 400, requestFor('POST', '/', '*/*'))),
    ).to.deep.equal({
      status: 400,
      reason: 'Upload payload does not have a file.',
      type: 'text/plain; charset=utf-8',
      body: 'Upload payload does not have a file.\n',
    })
  })

  it('are JSON without a charset where JSON is preferred', () => {
    const { type, body } = shown(renderError(invalid('No.'), 400, requestFor('POST', '/legacy/', uv)))
    expect(type).to.equal('application/json')
    expect(JSON.parse(body)).to.deep.equal({ message: 'No.', code: '400 No.', title: 'Bad Request' })
    const plain = shown(renderError(invalid('No.'), 400, requestFor('POST', '/', 'text/plain, application/json;q=0.1')))
    expect(plain.type).to.equal('text/plain; charset=utf-8')
  })

  it('that need not be told apart by an uploader are 400', () => {
    expect(renderError(conflict('Taken.'), 409, requestFor('POST', '/')).status).to.equal(400)
    expect(renderError(new RegistryError('unprocessable', 'Bad.'), 422, requestFor('POST', '/')).status).to.equal(400)
    expect(renderError(forbidden('No.'), 403, requestFor('POST', '/')).status).to.equal(403)
  })

  it('name the limit of a file', () => {
    const failure = tooLarge('The file is larger than the limit of 5 bytes', { detail: { limit: 5 } })
    expect(shown(renderError(failure, 413, requestFor('POST', '/')))).to.include({
      status: 413,
      reason: 'File too large. The file is larger than the limit of 5 bytes',
    })
  })

  it('word what is hidden as 403, and what is missing as 404 that nobody keeps', () => {
    expect(shown(renderError(hidden(), 404, requestFor('GET', '/simple/x/')))).to.include({
      status: 403,
      body: 'You may not read this repository.\n',
    })
    const missing = renderError(notFound('Project', 'x'), 404, requestFor('GET', '/simple/x/'))
    expect(shown(missing)).to.include({ status: 404, type: 'text/plain; charset=utf-8', body: 'Project not found: x\n' })
    expect(missing.headers['cache-control']).to.equal('no-store')
  })

  it('tell who posts to the index where uploads go', () => {
    const { body, reason } = shown(renderError(methodNotAllowed(['GET', 'HEAD']), 405, requestFor('POST', '/simple/x/')))
    const words =
      "The simple index is read only. Files are uploaded by POST to the address of the repository itself, without 'simple/'."
    expect([reason, body]).to.deep.equal([words, `${words}\n`])
  })

  it('say nothing of what broke', () => {
    expect(shown(renderError(new RegistryError('internal', 'secret'), 500, requestFor('POST', '/'))).body).to.equal(
      'Internal Server Error\n',
    )
  })

  it('fit into one line of printable Latin-1', () => {
    expect(reasonPhrase('a\r\nb\tc')).to.equal('a b c')
    expect(reasonPhrase('naïve ✓ \u0000\u007f\u0085')).to.equal('naïve ? ???')
    expect(reasonPhrase('x'.repeat(600))).to.have.length(500)
  })
})
