import { expect } from 'chai'
import type { NpmWorkplace } from './npm-workplace.js'
import type { ClientTarget } from './server.js'

/** How one version of npm words what the others say otherwise. */
export interface AccountWords {
  readonly collaborators: readonly string[]
  readonly packages: readonly string[]
  /** What `npm token create` needs beside a password. */
  readonly tokenCreate: readonly string[]
}

/** Commands of npm about people, rights and tokens: after the flows of `npmFlow`. */
export function accountFlows(words: AccountWords): (place: () => NpmWorkplace, target: () => ClientTarget) => void {
  return (place, target) => {
    it('searches, and tells who it is and who may do what', async () => {
      const npm = place()
      expect(await npm.do('app', 'search', 'greets', '--parseable')).to.match(/^@acme\/greeting\tGreets somebody, in a scope\t/)
      expect(await npm.do('app', 'profile', 'get', 'name')).to.equal(target().login)
      expect(await npm.do('app', 'access', ...words.collaborators, '@acme/greeting')).to.match(/admin"?: "?read-write/)
      expect(await npm.do('app', 'access', ...words.packages, target().org)).to.match(/shout-words"?: "?read-write/)
    })

    it('makes a token by password, lists it, works with it, and revokes it by its id and by its value', async () => {
      const { login, password, token } = target()
      const signedIn = { _auth: Buffer.from(`${login}:${password}`).toString('base64') }
      const npm = place()
      try {
        await npm.projectSettings(signedIn)
        const made: string[] = []
        for (let count = 0; count < 2; count += 1) {
          const { status, output } = await npm.converse(['token', 'create', ...words.tokenCreate], [['assword', password]], {
            project: 'app',
          })
          expect(status, output).to.equal(0)
          made.push(/crt_u_\w{46}/.exec(output)?.[0] ?? '')
        }
        const [first = '', second = ''] = made
        const listed = JSON.parse(await npm.do('app', 'token', 'list', '--json')) as { key: string; token: string }[]
        const key = listed.find((one) => first.startsWith(one.token))?.key ?? 'none'
        await npm.do('app', 'token', 'revoke', key)
        await npm.projectSettings({ _authToken: second })
        expect(await npm.do('app', 'whoami')).to.equal(login)
        await npm.do('app', 'token', 'revoke', second)
        for (const dead of [first, second]) {
          await npm.projectSettings({ _authToken: dead })
          expect((await npm.ask('app', 'whoami')).output).to.match(/E401|ENEEDAUTH/)
        }
      } finally {
        await npm.projectSettings({ _authToken: token })
      }
    })

    it('deprecates a version, takes it back, and unpublishes it', async () => {
      const npm = place()
      const versions = () => npm.ask('app', 'view', 'shout-words@1.0.0', 'deprecated')
      await npm.do('app', 'deprecate', 'shout-words@1.0.0', 'too quiet')
      expect((await versions()).stdout).to.contain('too quiet')
      await npm.do('app', 'deprecate', 'shout-words@1.0.0', '')
      expect((await versions()).stdout.trim()).to.equal('')
      await npm.do('app', 'unpublish', 'shout-words@1.0.0', '--force')
      expect((await npm.ask('app', 'view', 'shout-words')).output).to.contain('E404')
    })
  }
}
