import { spawn } from 'node:child_process'
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect } from 'chai'

const main = join(dirname(fileURLToPath(import.meta.url)), '..', '..', '..', 'host', 'main.js')

interface Row {
  readonly version: string
}

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

  it('tells its version, as its package does', async () => {
    const { version } = JSON.parse(await readFile(new URL('../../../../package.json', import.meta.url), 'utf8')) as Row
    expect(await run(['--version'])).to.deep.equal({ status: 0, output: `${version}\n`, errors: '' })
  })

  it('tells its words with status 0', async () => {
    const { status, output } = await run(['--help'])
    expect(status).to.equal(0)
    expect(output).to.contain('serve')
  })

  const wrong: readonly (readonly [command: string, reason: RegExp])[] = [
    ['brew', /unknown command 'brew'/],
    ['serve --no-such-option', /unknown option '--no-such-option'/],
    ['serve one too many', /too many arguments/],
    ['member create acme', /missing required argument 'name'/],
    ['member create acme alice --role root', /Allowed choices are owner, admin, developer, reader, none/],
    ['member update acme alice', /nothing to change/],
    ['member set-password acme alice', /required option '--password-stdin' not specified/],
    ['repository create acme releases', /required option '--format <format>' not specified/],
    ['repository create acme releases --format raw --policy nightly', /Allowed choices are release, snapshot, mixed/],
    ['repository create acme releases --format raw --kind virtual', /Allowed choices are hosted/],
    ['repository create acme releases --format raw --max-size large', /Give a number of bytes, as 10GiB or 500MiB/],
    ['downloads acme js left-pad --by week', /Allowed choices are day, version/],
    ['repository update acme releases', /nothing to change/],
    ['repository update acme releases public', /public is not KEY=VALUE/],
    ['repository delete acme ..', /a name is empty, or nothing but dots/],
    ['group remove-member acme .. alice', /a name is empty, or nothing but dots/],
    ['organization update acme', /nothing to change/],
    ['grant set acme builders releases own', /Allowed choices are read, write, delete, administer/],
    ['token create acme alice', /required option '--name <name>' not specified/],
    ['token create acme alice --name ci --scope administer', /Allowed choices are read, write, delete/],
    ['token create acme alice --name ci --expires soon', /Days are expected, such as 30d/],
    ['token create acme alice --name ci --expires 0d', /Days are expected, such as 30d/],
    ['organization list --url ftp://repo.example.com', /ftp:\/\/repo.example.com is no http or https address/],
  ]
  for (const [command, reason] of wrong)
    it(`ends with 2 where the command is wrong: ${command}`, async () => {
      const { status, output, errors } = await run(command.split(' '), { CLOUDREPO_TOKEN: 'crt_o_none' })
      expect([status, output]).to.deep.equal([2, ''])
      expect(errors).to.match(/^error: /)
      expect(errors).to.match(reason)
    })

  it('tells the words of each command with status 0, without a server or a token', async () => {
    for (const words of ['member', 'token create', 'grant set', 'repository create']) {
      const { status, output, errors } = await run([...words.split(' '), '--help'])
      expect([status, errors], words).to.deep.equal([0, ''])
      expect(output).to.contain(`Usage: cloudrepo ${words}`)
    }
  })

  it('ends with 1 where there is no token, saying where one is looked for', async () => {
    const { status, output, errors } = await run(['organization', 'list'])
    const reason = 'no token: give --token or CLOUDREPO_TOKEN, or run this where data/operator-token can be read\n'
    expect([status, output, errors]).to.deep.equal([1, '', reason])
  })

  it("ends with 1 where no server runs on the data folder, and sends the operator's token to nobody", async () => {
    const data = join(folder, 'left')
    await mkdir(data)
    await writeFile(join(data, 'operator-token'), 'crt_o_none')
    const { status, output, errors } = await run(['organization', 'list'], { CLOUDREPO_DATA: data })
    const reason = `no server runs on the data folder ${data}: start it, or give --url or CLOUDREPO_URL\n`
    await rm(data, { recursive: true })
    expect([status, output, errors]).to.deep.equal([1, '', reason])
  })

  it('looks for the token in the data folder of the settings', async () => {
    const settings = join(folder, 'cloudrepo.json')
    await writeFile(settings, '{"data":"elsewhere"}')
    try {
      const { status, errors } = await run(['organization', 'list'])
      expect(status).to.equal(1)
      expect(errors).to.contain('where elsewhere/operator-token can be read')
    } finally {
      await rm(settings)
    }
  })

  it('ends with 1 where nobody answers, or somebody who is no such server', async () => {
    const server = createServer((_request, response) => response.end('<html>'))
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
    const words = ['organization', 'list', '--url', `${url}/`, '--token', 'crt_o_none']
    const other = await run(words)
    expect([other.status, other.output, other.errors]).to.deep.equal([
      1,
      '',
      `${url}/ answers, but not as a cloudrepo server does\n`,
    ])
    await new Promise((resolve) => server.close(resolve))
    const nobody = await run(words)
    expect([nobody.status, nobody.output]).to.deep.equal([1, ''])
    expect(nobody.errors).to.match(/does not answer: .*ECONNREFUSED/)
  })

  it('ends with 1 and the name of the setting that stops the start, and makes nothing', async () => {
    const { status, output, errors } = await run(['serve'], { CLOUDREPO_WORKERS: '0', CLOUDREPO_LISTEN: '127.0.0.1:0' })
    expect([status, output, errors]).to.deep.equal([1, '', 'CLOUDREPO_WORKERS: a number of processes from 1 to 64 is expected\n'])
    expect(await readdir(folder)).to.deep.equal([])
  })

  it('ends with 1 where a plugin cannot be loaded, and makes nothing', async () => {
    const { status, errors } = await run(['serve'], { CLOUDREPO_PLUGINS: './missing.js', CLOUDREPO_LISTEN: '127.0.0.1:0' })
    expect(status).to.equal(1)
    expect(errors).to.contain("Plugin './missing.js' cannot be loaded")
    expect(await readdir(folder)).to.deep.equal([])
  })
})
