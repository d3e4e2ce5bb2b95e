import { obtain, pythonTools } from './client-cache.js'
import { PythonUser, twineAndPipFlow, uvFlow } from './pip-flow.js'
import { type ClientTarget, Server } from './server.js'

/** Versions that the dossier's findings are of; the build back end of the example stands beside them. */
const tools = ['pip==26.3', 'twine==7.0.0', 'uv==0.13.9', 'build==1.6.1', 'flit_core==4.2.0']

describe('pip, twine and uv', function () {
  this.timeout(300_000)
  let server: Server
  let target: ClientTarget
  let bin: string
  before(async function () {
    bin = await obtain(this, 'pip, twine and uv', () => pythonTools('publishing', tools))
    server = await Server.start()
    target = await server.target('pypi')
  })
  after(() => server?.stop())

  /** Each story has a user of its own: what one leaves in a home must not help the next. */
  const asUser = async (story: (user: PythonUser) => Promise<void>) => {
    const user = await PythonUser.arrive(target, bin)
    try {
      await story(user)
    } finally {
      await user.leave()
    }
  }

  it('publish and install a project with twine and pip, by token and by password, hashes checked', () => asUser(twineAndPipFlow))

  it('publish and install with uv, by token and by password, hashes checked', () => asUser(uvFlow))
})
