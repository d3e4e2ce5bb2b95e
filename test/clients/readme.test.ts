import { access } from 'node:fs/promises'
import { join } from 'node:path'
import { expect } from 'chai'
import { read } from '../architecture/source-tree.js'
import { blocksOf, readmePages } from '../support/readme-blocks.js'
import { obtain } from './client-cache.js'
import { systemMaven } from './maven-tools.js'
import { pythonTools } from './python-tools.js'
import { isOwnScript, ReadmeUser } from './readme-user.js'
import { type ClientTarget, Server } from './server.js'

const publishing = ['pip==26.3', 'twine==7.0.0', 'uv==0.13.9', 'build==1.6.1', 'flit_core==4.2.0']

type Outcome = (user: ReadmeUser, output: string, known: NodeJS.ProcessEnv) => Promise<void>

/** What a page is to have led to. */
const outcomes: Readonly<Record<string, Outcome>> = {
  'README.md': async (user, output, known) => {
    expect(output).to.contain('a note').and.to.contain('+ your-package@1.0.0').and.to.contain('BUILD SUCCESS')
    await access(join(user.folder, 'another-project', 'node_modules', 'your-package', 'index.js'))
    await access(join(user.folder, 'site', 'your_package', '__init__.py'))
    const local = '$HOME/.m2/repository/org/demo'
    const used = await user.also(
      `rm -rf ${local} && cd ../maven/app && mvn -B -Dlib.version=1.0 package && ls ${local}/lib/1.0`,
      known,
    )
    expect(used.status, used.output).to.equal(0)
    expect(used.output, 'the application takes the library from the repository').to.contain('lib-1.0.jar')
  },
  'plugins/api/README.md': async (user, _, known) => {
    // The two columns do the same: each in an organization of its own.
    const rows = [...read('plugins/api/README.md').matchAll(/^\| `(api [^`]+)` \| `(cloudrepo [^`]+)` \|$/gm)]
    expect(rows).to.have.length.greaterThan(5)
    const [definitions] = blocksOf('plugins/api/README.md')
    const curls = rows.map(([, curl = '']) => curl)
    const commands = rows.map(([, , command = '']) => command.replaceAll('acme', 'bcme'))
    const ran = await user.also([definitions?.text, ...curls, ...commands].join('\n'), known)
    expect(ran.status, ran.output).to.equal(0)
    expect(ran.output.trimEnd().split('\n').at(-1)).to.match(/^crt_u_/)
  },
  'plugins/maven/README.md': async (user, _, known) => {
    const deployed = await user.also(
      'cd ../maven/lib && sed -i s/VERSION/2.0/ pom.xml && mvn -B -Drepo.url=$URL/main/maven/ deploy',
      known,
    )
    expect(deployed.status, deployed.output).to.equal(0)
  },
  'plugins/npm/README.md': async (user, _, known) => {
    expect((await user.also('npm whoami', known)).stdout.trim()).to.equal('admin')
  },
  'plugins/pypi/README.md': (user) => access(join(user.folder, 'site', 'your_package', '__init__.py')),
  'plugins/raw/README.md': async (_, output) => {
    expect(output).to.contain('"name":"notes.txt"')
  },
  'plugins/scim/README.md': async (_, output) => {
    expect(output).to.contain('"totalResults":1').and.to.contain('"userName":"admin"')
  },
}

describe('README blocks', function () {
  this.timeout(300_000)
  let server: Server
  let target: ClientTarget
  let pythonBin: string
  let warmMaven: string

  before(async function () {
    pythonBin = await obtain(this, 'pip, twine and uv', () => pythonTools('publishing', publishing))
    warmMaven = (await obtain(this, 'Maven on the path', systemMaven)).warm
    server = await Server.start()
    target = await server.target('raw')
  })
  after(() => server?.stop())

  for (const page of readmePages()) {
    const blocks = blocksOf(page)
    if (blocks.length > 0)
      it(`${page}: every block does what it says`, async () => {
        const user = await ReadmeUser.arrive(server, target, pythonBin, warmMaven)
        try {
          const known = {
            URL: target.url,
            PASSWORD: target.password,
            ...(page === 'README.md' ? {} : { TOKEN: target.token, NPM_TOKEN: target.token }),
          }
          const ran = await user.follow(blocks, known)
          expect(ran.status, ran.output).to.equal(0)
          await outcomes[page]?.(user, ran.output, known)
        } finally {
          await user.leave()
        }
      })
  }
})

describe('README commands', () => {
  it('of this project are scripts of its package.json', () => {
    const { scripts } = JSON.parse(read('package.json')) as { scripts: Record<string, string> }
    const lines = readmePages().flatMap((page) => blocksOf(page).flatMap(({ text }) => text.split('\n').filter(isOwnScript)))
    const named = lines.map((line) => /^npm (?:run )?(\S+)/.exec(line)?.[1] ?? '')
    expect(named).to.include.members(['start', 'test'])
    expect(named.filter((name) => !(name in scripts))).to.deep.equal([])
    expect(scripts['cloudrepo']).to.match(/ node dist\/host\/launch\.cjs$/)
  })
})
