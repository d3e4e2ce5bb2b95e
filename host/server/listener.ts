import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import type { Express } from 'express'
import { ownClasses } from './own-classes.js'
import { answerPlainHttp } from './plain-http.js'
import { type TlsPair, tlsFloor } from './tls.js'

export interface ListenAddress {
  readonly host: string
  /** 0 takes a free one. */
  readonly port: number
}

/** Milliseconds. */
export interface ListenerPace {
  /** So long the headers of a request may take. */
  readonly headers: number
  /** So often connections are held against it: Node's default of 30 s lets the limit fire half a minute late. */
  readonly check: number
}
/** Security guide 3.3. */
export const usualPace: ListenerPace = { headers: 15_000, check: 5_000 }

export interface ListenerTls {
  readonly pair: TlsPair
  /** 48 random bytes, the same in every process, so that a session that began in one goes on in another. */
  readonly ticketKeys?: Buffer
}

/** A client that does not come to the end of its handshake is let go. Milliseconds. */
const handshakeTimeout = 10_000

function secure({ pair, ticketKeys }: ListenerTls) {
  const { cert, key } = pair
  const ticket = ticketKeys === undefined ? {} : { ticketKeys }
  return { ...tlsFloor, cert, key, ALPNProtocols: ['http/1.1'], handshakeTimeout, ...ticket }
}

/** The server of security guide 3.3, not yet listening. There is never an `upgrade` listener: Maven 4 asks for h2c with every request and wants
 *  HTTP/1.1. */
export function createListener(app: Express, pace: ListenerPace = usualPace, tls?: ListenerTls): Server {
  const options = {
    ...ownClasses(app),
    maxHeaderSize: 16_384,
    requireHostHeader: true,
    insecureHTTPParser: false,
    joinDuplicateHeaders: false,
    keepAlive: true,
    noDelay: true,
    highWaterMark: 64 * 1024,
    connectionsCheckingInterval: pace.check,
  }
  const server = tls === undefined ? createServer(options) : createTlsServer({ ...options, ...secure(tls) })
  if (tls !== undefined) server.on('tlsClientError', answerPlainHttp)
  server.headersTimeout = pace.headers
  // Long uploads are watched by RequestBody instead.
  server.requestTimeout = 0
  // Above the usual 60 s of balancers.
  server.keepAliveTimeout = 75_000
  server.maxRequestsPerSocket = 1_000
  server.maxHeadersCount = 100
  server.maxConnections = 2_000
  server.timeout = 0
  const receive = (req: IncomingMessage, res: ServerResponse) => {
    const unroutable = () => res.writeHead(400, ['content-length', '0', 'connection', 'close']).end()
    // Express would take an absolute target apart, and take its path for ours.
    if (req.url?.startsWith('/') !== true && req.url !== '*') unroutable()
    else (app as unknown as (req: IncomingMessage, res: ServerResponse, next: () => void) => void)(req, res, unroutable)
  }
  server.on('request', receive)
  // With this listener the body's first read sends 100 Continue, and a refusal sends none (maven dossier 5.3).
  server.on('checkContinue', receive)
  server.on('connect', (_req, socket) => {
    socket.on('error', () => socket.destroy())
    socket.end(
      'HTTP/1.1 405 Method Not Allowed\r\nAllow: GET, HEAD, PUT, POST, PATCH, DELETE, OPTIONS\r\nContent-Length: 0\r\nConnection: close\r\n\r\n',
    )
  })
  return server
}

/** Resolves with the address that answers; rejects where the port is taken. */
export function listen(server: Server, { host, port }: ListenAddress): Promise<AddressInfo> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen({ host, port }, () => {
      server.off('error', reject)
      resolve(server.address() as AddressInfo)
    })
  })
}
