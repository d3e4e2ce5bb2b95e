import { spawn } from 'node:child_process'
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect } from 'chai'

const main = join(dirname(fileURLToPath(import.meta.url)), '..', '..', '..', 'host', 'main.js')

describe('The command line', () => {
  let folder: string
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'cli-'))
  })
  after(() => rm(folder, { recursive: true }))

  async function run(words: readonly string[], environment: NodeJS.ProcessEnv = {}) {
    const child = spawn(process.execPath, [main, ...words], { cwd: folder, env: { PATH: process.env['PATH'], ...environment } })
    let output = ''
    let errors = ''
    child.stdout.on('data', (chunk: Buffer) => {
      output += chunk.toString()
    })
    child.stderr.on('data', (chunk: Buffer) => {
      errors += chunk.toString()
    })
    const status = await new Promise((resolve) => child.on('close', resolve))
    return { status, output, errors }
  }

  it('tells its words with status 0', async () => {
    const { status, output } = await run(['--help'])
    expect(status).to.equal(0)
    expect(output).to.contain('serve')
  })

  for (const words of [['brew'], ['serve', '--no-such-option'], ['serve', 'one', 'too', 'many']])
    it(`ends with 2 where the command is wrong: ${words.join(' ')}`, async () => {
      const { status, output, errors } = await run(words)
      expect([status, output]).to.deep.equal([2, ''])
      expect(errors).to.match(/^error: /)
    })

  it('ends with 1 and the name of the setting that stops the start, and makes nothing', async () => {
    const { status, output, errors } = await run(['serve'], { CLOUDREPO_WORKERS: '2', CLOUDREPO_LISTEN: '127.0.0.1:0' })
    expect([status, output, errors]).to.deep.equal([1, '', 'CLOUDREPO_WORKERS: one process is what this version has\n'])
    expect(await readdir(folder)).to.deep.equal([])
  })

  it('ends with 1 where a plugin cannot be loaded, and makes nothing', async () => {
    const { status, errors } = await run(['serve'], { CLOUDREPO_PLUGINS: './missing.js', CLOUDREPO_LISTEN: '127.0.0.1:0' })
    expect(status).to.equal(1)
    expect(errors).to.contain("Plugin './missing.js' cannot be loaded")
    expect(await readdir(folder)).to.deep.equal([])
  })
})
