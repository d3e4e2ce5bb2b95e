import { createHash } from 'node:crypto'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import { SortedHashFile } from '../../../host/passwords/sorted-hash-file.js'
import { AccountHouse, better } from '../../plugins/api/accounts/account-house.js'
import { expectRefusal } from '../../support/management.js'

const sha1 = (text: string) => createHash('sha1').update(text).digest('hex').toUpperCase()

describe('a list of leaked passwords', () => {
  let folder: string
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'leaked-'))
  })
  after(() => rm(folder, { recursive: true }))

  const file = async (content: string) => {
    const path = join(folder, `list-${Math.random()}`)
    await writeFile(path, content)
    return path
  }
  const listed = (count: number) => Array.from({ length: count }, (_, at) => sha1(`leaked ${at}`)).sort()

  for (const [name, write] of [
    ['with counts', (hash: string, at: number) => `${hash}:${10 ** (at % 19)}\n`],
    ['without', (hash: string) => `${hash}\n`],
    ['with carriage returns', (hash: string) => `${hash}:1\r\n`],
  ] as const)
    it(`finds every one of it and nothing else, ${name}`, async () => {
      for (const count of [1, 2, 3, 64, 20_000]) {
        const hashes = listed(count)
        const list = await SortedHashFile.open(await file(hashes.map(write).join('')))
        const step = Math.ceil(count / 500)
        for (let at = 0; at < count; at += step) expect(await list.has(hashes[at] ?? '')).to.equal(true)
        expect(await list.has(hashes.at(-1) ?? '')).to.equal(true)
        for (let at = 0; at < 200; at += 1) expect(await list.has(sha1(`unknown ${at}`))).to.equal(false)
        for (const edge of ['0'.repeat(40), 'F'.repeat(40)]) expect(await list.has(edge)).to.equal(false)
        await list.close()
      }
    })

  it('is refused at the start where it is something else', async () => {
    for (const content of ['', 'password\n', `${listed(2).reverse().join('\n')}\n`, `${listed(2).join(' ')}\n`]) {
      let said = ''
      await SortedHashFile.open(await file(content)).catch((error: Error) => {
        said = error.message
      })
      expect(said, content).to.match(/is no file of SHA-1 hashes in their order, one a line$/)
    }
    expect(await SortedHashFile.open(join(folder, 'nowhere')).catch((error: Error) => error.message)).to.match(/ENOENT/)
  })

  it('is held against every password that is set, with the reason', async () => {
    const path = await file(`${[...listed(1_000), sha1(better)].sort().join('\n')}\n`)
    const accounts = await AccountHouse.open({ parts: async () => ({ leakedPasswords: await SortedHashFile.open(path) }) })
    const said = 'This password is known to have leaked'
    const more = { reasons: ['blocklisted'] }
    const create = await accounts.operator.send('POST', 'members', { name: 'bo', password: better })
    expectRefusal(create, 422, 'PASSWORD_POLICY', said, more)
    await accounts.ada()
    const set = await accounts.operator.send('PUT', 'members/ada/password', { password: better })
    expectRefusal(set, 422, 'PASSWORD_POLICY', said, more)
    expect((await accounts.operator.send('PUT', 'members/ada/password', { password: 'leaked 1000' })).status).to.equal(204)
    await accounts.close()
  })
})
