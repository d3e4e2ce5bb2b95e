import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import type { RegistryError } from '../../../../core/errors/registry-error.js'
import { LocalRootKeys, type RootKeyContext } from '../../../../core/storage/encryption/root-key.js'
import { seededRootKeys } from '../../../support/root-key.js'

const context: RootKeyContext = { purpose: 'organization', organizationId: 'org_a', version: 1 }
const refused = (opening: Promise<unknown>) =>
  opening.then(
    () => expect.fail('opened'),
    (thrown: RegistryError) => thrown,
  )
const same = (one: Uint8Array, other: Uint8Array) => expect(Buffer.from(one).equals(other)).to.equal(true)
const lineOf = (id: string, seed: number) =>
  `${id}:${Buffer.from(Array.from({ length: 32 }, (_, at) => seed + at)).toString('base64')}\n`

describe('A local root key', () => {
  let folder: string
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'root-'))
  })
  after(() => rm(folder, { recursive: true }))
  const fromText = async (text: string, mode = 0o400) => {
    const file = join(folder, 'data.key')
    await rm(file, { force: true })
    await writeFile(file, text)
    await chmod(file, mode)
    return LocalRootKeys.fromFile(file)
  }

  it('wraps by the first line and opens by any', async () => {
    const old = await fromText(lineOf('old', 1))
    const { key, wrapped } = await old.generate(context)
    expect(wrapped).to.match(/^old:/)
    const both = await fromText(`${lineOf('new', 2)}\n${lineOf('old', 1)}`)
    expect(both.describe()).to.deep.equal(['new', 'old'])
    same(await both.unwrap(context, wrapped), key)
    const rewrapped = await both.rewrap(context, wrapped)
    expect(rewrapped).to.match(/^new:/)
    expect(await both.rewrap(context, rewrapped)).to.equal(rewrapped)
    const fresh = await fromText(lineOf('new', 2))
    same(await fresh.unwrap(context, rewrapped), key)
    expect((await refused(fresh.unwrap(context, wrapped))).kind).to.equal('internal')
  })
  it('opens nothing in another context, nothing of another key of the same id, and nothing malformed', async () => {
    const root = seededRootKeys(['r', 1])
    const { wrapped } = await root.generate(context)
    for (const other of [
      { ...context, organizationId: 'org_b' },
      { ...context, version: 2 },
      { ...context, purpose: 'canary' as const },
    ]) {
      expect((await refused(root.unwrap(other, wrapped))).kind).to.equal('internal')
    }
    expect((await refused(seededRootKeys(['r', 2]).unwrap(context, wrapped))).kind).to.equal('internal')
    for (const text of ['', 'r', 'r:', 'r:AAAA', wrapped.slice(2)])
      expect((await refused(root.unwrap(context, text))).kind).to.equal('internal')
  })
  it('is refused when others than its owner could use its file', async () => {
    for (const mode of [0o440, 0o404, 0o644, 0o420, 0o401]) {
      expect((await refused(fromText(lineOf('r', 1), mode))).message).to.include('give it mode 0400')
    }
    await fromText(lineOf('r', 1), 0o600)
  })
  it('is refused when absent, empty, short, long, blank, malformed or repeated, and the message holds no key', async () => {
    const base64 = (bytes: number, fill = 7) => Buffer.alloc(bytes, fill).toString('base64')
    const good = lineOf('r', 1)
    const texts = ['', '\n\n', base64(32), 'r:', `r:${base64(31)}`, `r:${base64(33)}`, `r:${base64(32, 0)}`, `r:${base64(32, 9)}`]
    for (const text of [...texts, `: ${good}`, `${good}${good}`, `${good}x`, 'r:not base64']) {
      const error = await refused(fromText(text))
      expect(error.kind, text).to.equal('invalid')
      expect(error.message).to.not.include('AAAA').and.not.include(good.slice(3, 20))
    }
    expect((await refused(LocalRootKeys.fromFile(join(folder, 'no-such-key')))).kind).to.equal('invalid')
    expect((await refused(LocalRootKeys.fromFile(folder))).kind).to.equal('invalid')
  })
})
