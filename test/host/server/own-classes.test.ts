import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect } from 'chai'
import express, { type Express, type NextFunction, type Request, type Response } from 'express'
import { ownClasses } from '../../../host/server/own-classes.js'
import { RawClient } from '../support/raw-http.js'

function build(): Express {
  const app = express()
  app.use((_req, res, next) => {
    res.locals['seen'] = true
    next()
  })
  app.get(
    '/json',
    (req, res) => void res.json({ path: req.path, query: req.query, host: req.hostname, seen: res.locals['seen'] }),
  )
  app.get('/send/:name', (req, res) => void res.status(201).type('txt').send(`hello ${req.params.name}`))
  app.get('/buffer', (_req, res) => void res.send(Buffer.from('bytes')))
  app.get('/redirect', (_req, res) => void res.redirect(302, '/json?a=1'))
  app.get('/accepts', (req, res) => void res.send(String(req.accepts(['json', 'html']))))
  app.get('/get', (req, res) => void res.send(`${req.get('X-One')} ${req.ip} ${req.protocol} ${req.secure} ${req.xhr}`))
  app.get(
    '/cookie',
    (_req, res) => void res.cookie('a', 'b', { httpOnly: true }).vary('Accept').append('X-Two', '2').sendStatus(204),
  )
  app.get('/fresh', (req, res) => void res.set('ETag', '"x"').send(String(req.fresh)))
  app.get('/links', (_req, res) => void res.links({ next: '/2' }).location('/3').end())
  app.get('/app', (req, res) => void res.send(String(req.app === app && res.app === app && req.res === res && res.req === req)))
  app.get('/throw', () => {
    throw Object.assign(new Error('teapot'), { status: 418, expose: true })
  })
  const router = express.Router()
  router.get('/below', (req, res) => void res.send(`${req.baseUrl} ${req.originalUrl} ${req.url}`))
  app.use('/mounted', router)
  app.post('/body', express.json(), (req, res) => void res.json(req.body))
  app.use((error: Error & { status?: number }, _req: Request, res: Response, _next: NextFunction) => {
    res.status(error.status ?? 500).send(error.message)
  })
  return app
}

describe('An app served with its own message classes', () => {
  const probes = [
    'GET /json?a=1&b=2',
    'HEAD /json',
    'GET /send/bob',
    'GET /send/%E0%A4%A',
    'GET /buffer',
    'GET /redirect',
    'GET /accepts',
    'GET /get',
    'GET /cookie',
    'GET /fresh',
    'GET /links',
    'GET /app',
    'GET /throw',
    'GET /mounted/below?x=1',
    'GET /missing',
    'OPTIONS /json',
    'DELETE /json',
    'POST /body',
    'GET http://other.example/json',
  ] // prettier-ignore
  const servers: Server[] = []
  let stock = 0
  let own = 0

  before(async () => {
    const start = async (server: Server) => {
      servers.push(server)
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
      return (server.address() as AddressInfo).port
    }
    stock = await start(createServer(build()))
    const app = build()
    own = await start(createServer(ownClasses(app), app))
  })
  after(() => {
    for (const server of servers) server.close()
  })

  async function ask(port: number, probe: string) {
    const client = await RawClient.open(port)
    const body = probe.startsWith('POST') ? '{"a":[1,2]}' : ''
    const extra = body ? `Content-Type: application/json\r\nContent-Length: ${body.length}\r\n` : ''
    client.write(`${probe} HTTP/1.1\r\nHost: repo.example.com\r\nX-One: 1\r\nIf-None-Match: "y"\r\n${extra}\r\n${body}`)
    const { headers, ...answer } = await client.answer(probe.split(' ')[0])
    client.close()
    return { ...answer, headers: Object.fromEntries(Object.entries(headers).filter(([name]) => name !== 'date')) }
  }

  for (const probe of probes)
    it(`answers '${probe}' as stock Express does`, async () => {
      expect(await ask(own, probe)).to.deep.equal(await ask(stock, probe))
    })

  it('has the prototypes that Express would set', async () => {
    const app = express()
    const classes = ownClasses(app)
    expect(Object.is(app.request, classes.IncomingMessage.prototype)).to.equal(true)
    expect(Object.is(app.response, classes.ServerResponse.prototype)).to.equal(true)
  })
})
