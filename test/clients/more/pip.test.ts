import { join } from 'node:path'
import { expect } from 'chai'
import { type PythonUser, sha256 } from '../pip-flow.js'
import { publishApp, pythonSuite, tellVersions } from '../python-suite.js'
import { pythonTools } from '../python-tools.js'

/** Each on a Python of its time. 19 and 21 read the HTML page alone, 22.3 and newer ask for JSON. */
const pips = [
  ['19.3.1', '3.7'],
  ['20.3.4', '3.8'],
  ['21.3.1', '3.6'],
  ['22.3.1', '3.9'],
  ['24.3.1', '3.12'],
  ['26.3', '3.13'],
] as const

for (const [version, python] of pips)
  pythonSuite(
    `pip, on Python ${python} ${version}`,
    () => pythonTools(`pip-${version}`, [`pip==${version}`], python),
    (user) => flows(user),
    publishApp,
  )

function flows(user: () => PythonUser): void {
  it('installs a wheel with what it needs, of that the version for its Python, by token', async () => {
    const { token } = user().target
    const installed = await user().pip(['acme-app'], user().index('__token__', token))
    expect(installed.status, installed.output).to.equal(0)
    expect(await user().python(installed.folder, tellVersions)).to.equal('1.0 1.0')
  })

  it('downloads by netrc, installs that with its hashes checked and from a warm cache, and refuses a wrong hash', async () => {
    const { login, password } = user().target
    const args = ['-m', 'pip', 'download', '--no-deps', '--dest', 'downloads', '--index-url', user().index(), 'acme-base']
    const unknown = await user().run('python', args)
    expect(unknown.status, 'without credentials').not.to.equal(0)
    await user().netrc(login, password)
    await user().succeed('python', args)
    const digest = await sha256(join(user().home, 'downloads', 'acme_base-1.0-py3-none-any.whl'))
    const checked = await user().pip(await user().requirements(`acme-base==1.0 --hash=sha256:${digest}`), user().index())
    expect(checked.status, checked.output).to.equal(0)
    const other = await user().requirements(`acme-base==1.0 --hash=sha256:${'0'.repeat(64)}`)
    const wrong = await user().pip(other, user().index())
    expect(wrong.status).not.to.equal(0)
    expect(wrong.output).to.contain('THESE PACKAGES DO NOT MATCH THE HASHES')
  })
}
