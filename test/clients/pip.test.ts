import { obtain } from './client-cache.js'
import { PythonUser, twineAndPipFlow, uvFlow } from './pip-flow.js'
import { pythonTools } from './python-tools.js'
import { type ClientTarget, Server } from './server.js'

/** Versions that the formats' findings are of; the build back end of the example stands beside them. */
const tools = ['pip==26.3', 'twine==7.0.0', 'uv==0.13.9', 'build==1.6.1', 'flit_core==4.2.0']

const stories: readonly (readonly [client: string, flow: string, story: (user: PythonUser) => Promise<void>])[] = [
  ['pip 26.3', 'installs what twine 7.0.0 published, by token, by password and by netrc, hashes checked', twineAndPipFlow],
  ['uv 0.13.9', 'publishes and installs, by token and by password, hashes checked', uvFlow],
]

for (const [client, flow, story] of stories)
  describe(client, function () {
    this.timeout(300_000)
    let server: Server
    let target: ClientTarget
    let bin: string
    before(async function () {
      bin = await obtain(this, client, () => pythonTools('publishing', tools))
      server = await Server.start()
      target = await server.target('pypi')
    })
    after(() => server?.stop())

    it(flow, async () => {
      const user = await PythonUser.arrive(target, bin)
      try {
        await story(user)
      } finally {
        await user.leave()
      }
    })
  })
