import { mkdir, rm, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { buildSdist } from '../support/sdist-builder.js'
import { multipart, uploadParts } from '../support/upload-form.js'
import { buildWheel } from '../support/wheel-builder.js'
import { obtain } from './client-cache.js'
import { PythonUser } from './pip-flow.js'
import { Server } from './server.js'

/** One suite of a client that speaks to an index: a server, and a user with the tools that `install` answers. `prepare`: once, when both are there. */
export function pythonSuite(
  title: string,
  install: () => Promise<string>,
  flows: (user: () => PythonUser, server: () => Server) => void,
  prepare: (user: PythonUser) => Promise<void> = async () => {},
): void {
  describe(title, function () {
    this.timeout(180_000)
    let server: Server | undefined
    let user: PythonUser | undefined
    before(async function () {
      const bin = await obtain(this, title, install)
      server = await Server.start()
      user = await PythonUser.arrive(await server.target('pypi'), bin)
      await prepare(user)
    })
    after(async () => {
      await user?.leave()
      await server?.stop()
    })
    flows(
      () => user as PythonUser,
      () => server as Server,
    )
  })
}

/** A wheel and a source distribution of acme-greeting 1.0.0 in `project/dist`; `files` of the wheel beside what every one has. */
export async function buildGreeting(user: PythonUser, files: Readonly<Record<string, string>> = {}): Promise<readonly string[]> {
  const project = { name: 'acme-greeting', version: '1.0.0', files }
  await rm(join(user.home, 'project', 'dist'), { recursive: true, force: true })
  return [await user.save(buildWheel(project), 'project/dist'), await user.save(await buildSdist(project), 'project/dist')]
}

export async function write(user: PythonUser, path: string, ...lines: readonly string[]): Promise<void> {
  await mkdir(dirname(join(user.home, path)), { recursive: true })
  await writeFile(join(user.home, path), `${lines.join('\n')}\n`)
}

/** acme-app 1.0, which needs acme-base: 1.0 for every Python, 2.0 for none that there is. */
export async function publishApp({ target, repository }: PythonUser): Promise<void> {
  const files: readonly Parameters<typeof buildWheel>[0][] = [
    { name: 'acme-base', version: '1.0', requiresPython: '>=3.6' },
    { name: 'acme-base', version: '2.0', requiresPython: '>=3.99' },
    { name: 'acme-app', version: '1.0', headers: ['Requires-Dist: acme-base'] },
  ]
  for (const options of files) {
    const { headers, body } = multipart(uploadParts(buildWheel(options), options.name, options.version))
    const authorization = `Bearer ${target.token}`
    const answer = await fetch(repository, { method: 'POST', headers: { ...headers, authorization }, body: new Uint8Array(body) })
    if (answer.status !== 200) throw new Error(`${answer.status} ${await answer.text()}`)
  }
}

/** A line of Python that says which versions of both are there. */
export const tellVersions = 'import acme_app, acme_base; print(acme_app.__version__, acme_base.__version__)'

/** The names and digests that the index has of a project. */
export async function filesOf({ target, repository }: PythonUser, project: string): Promise<Readonly<Record<string, string>>> {
  const headers = { accept: 'application/vnd.pypi.simple.v1+json', authorization: `Bearer ${target.token}` }
  const answer = await fetch(`${repository}simple/${project}/`, { headers })
  if (answer.status !== 200) return {}
  const { files } = (await answer.json()) as { files: { filename: string; hashes: { sha256: string } }[] }
  return Object.fromEntries(files.map(({ filename, hashes }) => [filename, hashes.sha256]))
}
