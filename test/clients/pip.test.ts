import { obtain, pythonTools } from './client-cache.js'
import { PythonUser, twineAndPipFlow, uvFlow } from './pip-flow.js'
import { Server } from './server.js'

/** Versions that the dossier's findings are of; the build back end of the example stands beside them. */
const tools = ['pip==26.3', 'twine==7.0.0', 'uv==0.13.9', 'build==1.6.1', 'flit_core==4.2.0']

describe('pip, twine and uv', function () {
  this.timeout(300_000)
  let server: Server
  let user: PythonUser
  before(async function () {
    const bin = await obtain(this, 'pip, twine and uv', () => pythonTools('publishing', tools))
    server = await Server.start()
    user = await PythonUser.arrive(await server.target('pypi'), bin)
  })
  after(async () => {
    await user?.leave()
    await server?.stop()
  })

  it('publish and install a project with twine and pip, by token and by password, hashes checked', () => twineAndPipFlow(user))

  it('publish and install with uv, by token and by password, hashes checked', () => uvFlow(user))
})
