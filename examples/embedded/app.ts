import type { Server } from 'node:http'
import express from 'express'
import { type EmbeddedHouse, embed } from '#host'

export interface Application {
  readonly url: string
  readonly house: EmbeddedHouse
  close(): Promise<void>
}

/** An application of somebody's own, with its packages below /packages/: its own routes stay its own. */
export async function startApplication(data: string, port = 0): Promise<Application> {
  const app = express()
  const server = await new Promise<Server>((resolve) => {
    const listening = app.listen(port, '127.0.0.1', () => resolve(listening))
  })
  const url = `http://127.0.0.1:${(server.address() as { port: number }).port}`
  const house = await embed({ CLOUDREPO_DATA: data, CLOUDREPO_PUBLIC_URL: `${url}/packages/`, CLOUDREPO_SAMPLE: 'off' })
  app.get('/hello', (_req, res) => void res.send('hello'))
  // Before any body parser: an upload is read by the house, as it comes.
  app.use('/packages', house.handler)
  app.use(express.json())
  app.post('/echo', (req, res) => void res.json(req.body))
  return {
    url,
    house,
    async close() {
      const closed = new Promise((resolve) => server.close(resolve))
      server.closeIdleConnections()
      await closed
      await house.close()
    },
  }
}
