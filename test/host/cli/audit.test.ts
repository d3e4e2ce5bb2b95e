import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect } from 'chai'
import { Server } from '../../clients/server.js'

describe('The audit log by the command line', function () {
  this.timeout(60_000)
  let server: Server
  before(async () => {
    server = await Server.start()
  })
  after(() => server.stop())
  const cli = async (...words: readonly string[]) => {
    const { status, stdout, output } = await server.cli(...words)
    expect(status, output).to.equal(0)
    return stdout
  }

  it('is listed, exported and verified, from the server and from a file, and a file that was changed is refused', async () => {
    await cli('group', 'create', 'main', 'builders')
    const rows = JSON.parse(await cli('audit', 'list', 'main', '--action', 'group', '--json')) as Record<string, unknown>[]
    expect(rows.map(({ action, source }) => [action, (source as { ip: string }).ip])).to.deep.equal([
      ['group.create', '127.0.0.1'],
    ])
    expect(await cli('audit', 'list', 'main', '--target', 'builders')).to.match(
      /│ group\.create +│ group g_\w+ +│ ok +│ 127\.0\.0\.1 │/,
    )
    const file = join(server.folder, 'audit.jsonl')
    await cli('audit', 'export', 'main', '--output', file)
    const lines = (await readFile(file, 'utf8')).trimEnd().split('\n')
    const end = (JSON.parse(lines.at(-1) ?? '') as { end: { seq: number; hash: string } }).end
    const witness = `${end.seq}:${end.hash}`
    expect(JSON.parse(await cli('audit', 'verify', 'main', '--file', file, '--json'))).to.deep.equal({
      rows: lines.length - 2,
      first: 1,
      last: end.seq,
      witness,
      fault: null,
    })
    expect(await cli('audit', 'verify', 'main', '--witness', witness)).to.include(`${end.seq + 1}:sha256:`)
    const refused = async (text: string, ...more: readonly string[]) => {
      await writeFile(file, text)
      const { status, stdout, stderr } = await server.cli('audit', 'verify', 'main', '--file', file, ...more)
      expect({ status, stdout }).to.deep.equal({ status: 1, stdout: '' })
      return stderr.trim()
    }
    const without = (at: number) => [...lines.slice(0, at), ...lines.slice(at + 1)].join('\n')
    expect(await refused(without(2))).to.equal('Row 2 is missing: row 3 follows row 1 (gap)')
    expect(await refused(lines.slice(0, 3).join('\n'))).to.equal('The export ends at row 2 without its last line (truncated)')
    expect(await refused(lines.join('\n').replace('group.create', 'group.delete'))).to.match(
      /^Row \d+ is not what was hashed \(changed\)$/,
    )
    expect(await refused(`${lines.slice(0, 2).join('\n')}\n{"half`)).to.equal(
      'The line behind row 1 is no line of an export (unreadable)',
    )
    expect(await cli('report', 'access', 'main')).to.match(/│ admin +│ member +│ active +│ \* +│ administer +│ role owner +│/)
    await cli('member', 'create', 'main', 'ada')
    await cli('token', 'create', 'main', 'ada', '--name', 'wide', '--scope', 'write')
    expect(await cli('report', 'tokens', 'main', '--finding', 'broad')).to.match(/│ ada +│ wide +│ crt_u_\w+ +│ broad +│/)
    expect(await cli('privacy', 'export', 'main', 'ada')).to.match(
      /^\{"kind":"export","organization":"main","member":"m_\w+"\}\n/,
    )
    const erasure = JSON.parse(await cli('privacy', 'erase', 'main', 'ada', '--reason', 'file 17', '--json')) as { id: string }
    expect(await cli('privacy', 'list', 'main'))
      .to.include(erasure.id)
      .and.include('waiting')
    expect(await cli('privacy', 'hold', 'main', '--reason', 'Case 4')).to.include('Case 4')
    expect(await cli('privacy', 'hold', 'main')).to.include('Case 4')
    expect((await cli('privacy', 'hold', 'main', '--lift')).trim()).to.equal('the legal hold is lifted')
    expect(await cli('privacy', 'cancel', 'main', erasure.id)).to.include('cancelled')
    expect(await cli('privacy', 'show', 'main', erasure.id)).to.include('file 17')
    const misused = await server.cli('audit', 'verify', 'main', '--witness', 'x')
    expect(misused.status).to.equal(2)
  })
})
