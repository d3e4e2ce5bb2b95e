import { execFile } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { expect } from 'chai'
import { type ClientTarget, protocolPluginContract } from '#testing'
import binaries from './binaries.js'

const run = promisify(execFile)

/** What a user of the format does, with the client that it is made for. */
async function curl({ url, token, folder }: ClientTarget): Promise<void> {
  const words = ['--silent', '--show-error', '--fail-with-body', '--user', `any:${token}`]
  const content = randomBytes(100_000)
  const [sent, received] = [join(folder, 'tool.bin'), join(folder, 'again.bin')]
  await writeFile(sent, content)
  await run('curl', [...words, '--upload-file', sent, `${url}tool/1.0.0`])
  await run('curl', [...words, '--output', received, `${url}tool/1.0.0`])
  expect((await readFile(received)).equals(content)).to.equal(true)
  const { stdout } = await run('curl', [...words, `${url}tool`])
  expect(Object.keys(JSON.parse(stdout) as object)).to.deep.equal(['1.0.0'])
}

protocolPluginContract(binaries, {
  publish: (body) => ({ method: 'PUT', path: '/tool/1.0.0', body }),
  publishNext: { method: 'PUT', path: '/tool/1.10.0', body: 'a later one' },
  fetch: { method: 'GET', path: '/tool/1.0.0' },
  client: { module: fileURLToPath(new URL('./binaries.js', import.meta.url)), run: curl },
})
