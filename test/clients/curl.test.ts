import { bundleFlow } from './bundle-flow.js'
import { withVersion } from './client-version.js'
import { curlFlow } from './curl-flow.js'
import { Server } from './server.js'

describe(withVersion('curl'), function () {
  this.timeout(120_000)
  let server: Server
  before(async () => {
    server = await Server.start()
  })
  after(() => server.stop())

  it('puts, gets, resumes, revalidates, lists and removes files', async () => {
    await curlFlow(await server.target('raw'))
  })
  it('publishes Maven modules as one bundle by the API of the public portal', async () => {
    await bundleFlow(await server.target('maven'))
  })
})
