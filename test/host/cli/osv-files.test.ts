import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import { osvLines } from '../../../host/cli/osv-files.js'

describe('files of advisories', () => {
  let folder: string
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'cloudrepo-osv-'))
  })
  afterEach(() => rm(folder, { recursive: true }))
  const linesOf = async (name: string) => {
    let text = ''
    for await (const piece of osvLines(join(folder, name))) text += piece.toString()
    return text.split('\n').filter((line) => line !== '')
  }
  const refusal = (name: string) =>
    linesOf(name).then(
      () => '',
      (failure: Error) => failure.message.replaceAll(folder, 'FOLDER'),
    )

  it('are lines of records already, a list of them, or a folder with one in each', async () => {
    await writeFile(join(folder, 'feed.ndjson'), '{"id":"a"}\n{"id":"b"}\n')
    await writeFile(join(folder, 'feed.json'), '[\n {"id": "a"},\n {"id": "b"}\n]')
    await mkdir(join(folder, 'osv'))
    await writeFile(join(folder, 'osv', 'a.json'), '{\n  "id": "a"\n}')
    await writeFile(join(folder, 'osv', 'b.json'), '{"id": "b"}')
    await writeFile(join(folder, 'osv', 'README.md'), 'no record')
    for (const name of ['feed.ndjson', 'feed.json']) expect(await linesOf(name)).to.deep.equal(['{"id":"a"}', '{"id":"b"}'])
    expect(await linesOf('osv')).to.have.members(['{"id":"a"}', '{"id":"b"}'])
  })

  it('that are none are told by name', async () => {
    await mkdir(join(folder, 'empty'))
    await writeFile(join(folder, 'bad.json'), '{')
    expect(await refusal('empty')).to.equal('error: no .json file is in FOLDER/empty')
    expect(await refusal('bad.json')).to.equal('error: FOLDER/bad.json is not JSON')
    expect(await refusal('nope')).to.contain('ENOENT')
  })
})
