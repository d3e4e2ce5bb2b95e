import { expect } from 'chai'
import { RegistryError, readZipEntries } from '#core'
import { bytesOf } from '../../support/buffer-bytes.js'
import { buildZip } from '../../support/zip-builder.js'

const archive = buildZip([
  { name: 'a.txt', content: 'first' },
  { name: 'b.txt', content: 'second', method: 0 },
  { name: 'large', content: Buffer.alloc(3_000, 'x') },
])

async function kindOf(reading: Promise<unknown>): Promise<string> {
  return reading.then(
    () => 'none',
    (failure) => (failure instanceof RegistryError ? failure.kind : String(failure)),
  )
}

describe('reading named members of a zip archive', () => {
  it('gives the content of those that were asked for, stored or deflated', async () => {
    const found = await readZipEntries(bytesOf(archive, 10), (name) => name.endsWith('.txt'))
    expect([...found].map(([name, content]) => [name, Buffer.from(content).toString()])).to.deep.equal([
      ['a.txt', 'first'],
      ['b.txt', 'second'],
    ])
  })

  it('refuses a member above the limit before it is inflated', async () => {
    expect(await kindOf(readZipEntries(bytesOf(archive), () => true, { entry: 2_999 }))).to.equal('too-large')
  })

  it('refuses more members than it will look through', async () => {
    expect(await kindOf(readZipEntries(bytesOf(archive), () => false, { entries: 2 }))).to.equal('too-large')
  })

  it('refuses what is no archive', async () => {
    expect(await kindOf(readZipEntries(bytesOf(Buffer.from('no archive at all')), () => true))).to.equal('invalid')
    expect(await kindOf(readZipEntries(bytesOf(archive.subarray(0, -30)), () => true))).to.equal('invalid')
  })

  it('passes on what the source itself threw', async () => {
    const broken = {
      ...bytesOf(archive),
      open: async () => Promise.reject(new RegistryError('unavailable', 'the store is away')),
    }
    expect(await kindOf(readZipEntries(broken, () => true))).to.equal('unavailable')
  })
})
