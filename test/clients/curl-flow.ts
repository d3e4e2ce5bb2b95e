import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect } from 'chai'
import { cleanEnvironment } from './run.js'
import type { ClientTarget } from './server.js'

const run = promisify(execFile)

interface CurlAnswer {
  readonly status: number
  readonly head: string
  readonly body: string
}

/** What a user does with curl, against any running server: put, get, look, resume, revalidate, list, remove. */
export async function curlFlow(target: ClientTarget): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'curl-'))
  const at = (path: string) => `${target.url}/${target.org}/${target.repo}/${path}`
  const curl = async (...words: string[]): Promise<CurlAnswer> => {
    const head = join(folder, 'head')
    const { stdout } = await run('curl', ['-sS', '--max-time', '20', '-D', head, ...words], {
      env: cleanEnvironment(folder),
      encoding: 'latin1',
      maxBuffer: 32 << 20,
    })
    const blocks = (await readFile(head, 'latin1')).trim().split('\r\n\r\n')
    const last = blocks.at(-1) ?? ''
    return { status: Number(last.split(' ')[1]), head: last.toLowerCase(), body: stdout }
  }
  const byToken = ['-H', `Authorization: Bearer ${target.token}`]
  const byPassword = ['-u', `${target.login}:${target.password}`]
  const byTokenAsPassword = ['-u', `anybody:${target.token}`]
  try {
    const file = join(folder, 'f.bin')
    const content = Array.from({ length: 3000 }, (_, line) => `line ${line}\n`).join('')
    await writeFile(file, content)

    expect((await curl('-T', file, at('c/f.bin'))).status, 'without credentials').to.equal(401)
    expect((await curl(...byPassword, '-T', file, at('c/f.bin'))).status, 'put by password').to.equal(201)
    expect((await curl(...byTokenAsPassword, '-T', file, at('c/f.bin'))).status, 'the same again').to.equal(200)
    expect((await curl(...byToken, '-T', file, at('c/'))).status, 'curl appends the name').to.equal(200)
    expect((await curl(...byToken, '-X', 'PUT', '--data-binary', `@${file}`, at('c/g.txt'))).status).to.equal(201)
    expect((await curl(...byToken, '-T', file, '-H', 'If-None-Match: *', at('c/f.bin'))).status, 'create only').to.equal(412)
    expect((await curl(...byToken, '-C', '40', '-T', file, at('c/h.bin'))).status, 'a tail is not a file').to.equal(400)

    const whole = await curl(...byToken, at('c/f.bin'))
    expect([whole.status, whole.body === content]).to.deep.equal([200, true])
    expect((await curl(...byToken, at('c/g.txt'))).head).to.include('content-type: text/plain; charset=utf-8')
    expect((await curl(...byToken, '-I', at('c/f.bin'))).head).to.include(`content-length: ${content.length}`)
    const part = await curl(...byToken, '-r', '10-19', at('c/f.bin'))
    expect([part.status, part.body]).to.deep.equal([206, content.slice(10, 20)])
    const etag = /^etag: (.+)$/m.exec(whole.head)?.[1]?.trim() ?? ''
    expect((await curl(...byToken, '-H', `If-None-Match: ${etag}`, at('c/f.bin'))).status).to.equal(304)

    const started = join(folder, 'started.bin')
    await writeFile(started, content.slice(0, 1000))
    expect((await curl(...byToken, '-C', '-', '-o', started, at('c/f.bin'))).status, 'resume').to.equal(206)
    expect((await readFile(started, 'utf8')) === content).to.equal(true)

    const page = await curl(...byToken, at('c/'))
    expect(page.body).to.include('<li><a href="./f.bin">f.bin</a></li>\n<li><a href="./g.txt">g.txt</a></li>\n')
    const followed = await curl(...byToken, '-L', at('c?format=json'))
    expect((JSON.parse(followed.body) as { entries: { name: string }[] }).entries.map(({ name }) => name)).to.deep.equal([
      'f.bin',
      'g.txt',
    ])
    expect((await curl(...byToken, '--path-as-is', at('c/../../../x'))).status, 'dots as they are').to.equal(400)

    expect((await curl(...byPassword, '-X', 'DELETE', at('c/f.bin'))).status).to.equal(204)
    expect((await curl(...byPassword, '-X', 'DELETE', at('c/g.txt'))).status).to.equal(204)
    expect((await curl(...byToken, at('c/'))).status, 'the folder went with its files').to.equal(404)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}
