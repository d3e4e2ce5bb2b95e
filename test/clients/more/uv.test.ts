import { mkdtemp } from 'node:fs/promises'
import { join } from 'node:path'
import { expect } from 'chai'
import type { PythonUser } from '../pip-flow.js'
import { publishApp, pythonSuite, tellVersions } from '../python-suite.js'
import { pythonTools } from '../python-tools.js'

/** Into a folder of its own: uv asks no index for what a folder already has. */
async function install(user: PythonUser, indexes: readonly string[], requirement: string, env: NodeJS.ProcessEnv = {}) {
  const folder = await mkdtemp(join(user.home, 'site-'))
  const words = ['pip', 'install', '--no-cache', '--target', folder, ...indexes, requirement]
  return { ...(await user.run('uv', words, env)), folder }
}

pythonSuite(
  'uv, by --index 0.13.9',
  () => pythonTools('uv', ['uv==0.13.9']),
  (user) => {
    it('installs by the credentials of a named index, and not without them', async () => {
      const { token } = user().target
      const indexes = ['--default-index', user().index(), '--index', `acme=${user().index()}`]
      const stranger = await install(user(), indexes, 'acme-app')
      expect(stranger.status, 'without credentials').not.to.equal(0)
      expect(stranger.output).to.contain('401 Unauthorized')
      const credentials = { UV_INDEX_ACME_USERNAME: '__token__', UV_INDEX_ACME_PASSWORD: token }
      const ran = await install(user(), indexes, 'acme-app', credentials)
      expect(ran.status, ran.output).to.equal(0)
      expect(await user().python(ran.folder, tellVersions)).to.equal('1.0 1.0')
    })

    it('installs by credentials in the address of an index, and says what is wrong of a bad token and of an absent project', async () => {
      const { token } = user().target
      const indexes = (password: string) => {
        const address = user().index('__token__', password)
        return ['--default-index', address, '--index', address]
      }
      const ran = await install(user(), indexes(token), 'acme-app')
      expect(ran.status, ran.output).to.equal(0)
      expect(await user().python(ran.folder, tellVersions)).to.equal('1.0 1.0')
      const absent = await install(user(), indexes(token), 'acme-absent')
      expect(absent.status).not.to.equal(0)
      expect(absent.output).to.contain('acme-absent was not found in the package registry')
      const refused = await install(user(), indexes('crt_u_nonsense'), 'acme-app')
      expect(refused.status).not.to.equal(0)
      expect(refused.output).to.contain('401 Unauthorized')
    })
  },
  publishApp,
)
