import { execFile } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect } from 'chai'
import { hexOf, pomOf } from '../support/maven-deployment.js'
import { buildZip } from '../support/zip-builder.js'
import { cleanEnvironment } from './run.js'
import type { ClientTarget } from './server.js'

const run = promisify(execFile)

/** A bundle by curl, in the very words in which the public portal documents its API. */
export async function bundleFlow(target: ClientTarget): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'curl-'))
  const repository = `${target.url}/${target.org}/${target.repo}`
  const curl = async (...words: string[]) =>
    (await run('curl', ['-sS', '--fail-with-body', '--max-time', '60', ...words], { env: cleanEnvironment(folder) })).stdout
  const bearer = `Authorization: Bearer ${Buffer.from(`${target.login}:${target.token}`).toString('base64')}`
  const publisher = (...words: string[]) => curl('--request', 'POST', '--header', bearer, ...words)
  const api = `${repository}/-/api/v1/publisher`
  const status = async (id: string) => JSON.parse(await publisher(`${api}/status?id=${id}`)) as Record<string, unknown>
  const bundle = async (version: string, jar: string) => {
    const entries = ['core', 'api'].flatMap((artifact) => {
      const stem = `org/demo/bundled/${artifact}/${version}/${artifact}-${version}`
      const files = { jar, pom: pomOf({ group: 'org.demo.bundled', artifact, version }) }
      return Object.entries(files).flatMap(([extension, content]) => [
        { name: `${stem}.${extension}`, content },
        { name: `${stem}.${extension}.md5`, content: hexOf('md5', content) },
        { name: `${stem}.${extension}.sha1`, content: hexOf('sha1', content) },
        { name: `${stem}.${extension}.asc`, content: 'signature' },
      ])
    })
    const path = join(folder, 'bundle.zip')
    await writeFile(path, buildZip(entries))
    return ['--form', `bundle=@${path}`]
  }
  try {
    const id = await publisher('--verbose', ...(await bundle('1.0', 'a jar')), `${api}/upload?name=demo`)
    expect(await status(id)).to.deep.equal({
      deploymentId: id,
      deploymentName: 'demo',
      deploymentState: 'VALIDATED',
      purls: ['pkg:maven/org.demo.bundled/api@1.0', 'pkg:maven/org.demo.bundled/core@1.0'],
      errors: {},
    })
    await publisher(`${api}/deployment/${id}`)
    expect(await status(id)).to.include({ deploymentState: 'PUBLISHED' })
    for (const artifact of ['core', 'api'])
      expect(await curl('--header', bearer, `${repository}/org/demo/bundled/${artifact}/maven-metadata.xml`)).to.include(
        '<release>1.0</release>',
      )

    const dropped = await publisher(...(await bundle('1.1', 'a jar')), `${api}/upload`)
    await curl('--request', 'DELETE', '--header', bearer, `${api}/deployment/${dropped}`)
    const failed = await publisher(...(await bundle('1.0', 'another jar')), `${api}/upload?publishingType=AUTOMATIC`)
    expect(await status(failed)).to.deep.include({
      deploymentState: 'FAILED',
      errors: Object.fromEntries(
        ['api', 'core'].map((name) => [
          `pkg:maven/org.demo.bundled/${name}@1.0`,
          [`org.demo.bundled:${name}:1.0 ${name}-1.0.jar exists with other content`],
        ]),
      ),
    })
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}
