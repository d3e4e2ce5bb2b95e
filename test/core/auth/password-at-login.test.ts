import { createHash, pbkdf2Sync } from 'node:crypto'
import { expect } from 'chai'
import { formatHash } from '../../../core/auth/pbkdf2-hash.js'
import { readPassword } from '../../../core/directory/member-rows.js'
import { tenantKeys } from '../../../core/storage/tenant-keys.js'
import { CountingHash, outcome, People, refusal } from '../../support/people.js'

const password = 'plum harbour 42'
const better = 'nine green herons'

/** Hashes as the house does, behind whatever else happens at that moment. */
class InterruptedHash extends CountingHash {
  meanwhile = async () => {}
  override async hash(text: string, before?: string): Promise<string> {
    await this.meanwhile()
    return super.hash(text, before)
  }
}

async function ada(people: People) {
  await people.register().create('acme')
  const directory = await people.directory('acme')
  const { id } = await directory.createMember({ name: 'ada', role: 'developer', password })
  return { directory, id, key: tenantKeys.password((await people.tenancy.open('acme')).organization.id, id) }
}

describe('a password that is right at a login', () => {
  it('is not hashed again over another one that was set at the same moment', async () => {
    const hashes = new InterruptedHash()
    const people = new People(undefined, undefined, hashes)
    const { directory, id, key } = await ada(people)
    const salt = Buffer.alloc(12, 7)
    const phc = formatHash({ iterations: 1_000, salt, hash: pbkdf2Sync(password, salt, 1_000, 64, 'blake2b512') })
    const weak = { v: 1, phc, norm: 'opaque', version: 1, changedAt: new Date(0).toISOString() }
    await people.store.commit([{ op: 'put', key, value: weak }], 'weak')
    let times = 0
    hashes.meanwhile = async () => {
      times += 1
      if (times === 1) await directory.setPassword(id, better)
    }
    expect(await outcome(people.basic('acme', 'ada', password)), 'it was right when it was looked at').to.equal('fine')
    expect(times, 'the hash of the rehash, and that of the change within').to.equal(2)
    expect(readPassword((await people.store.get(key)) ?? { key, value: null, revision: '' }).version).to.equal(2)
    expect(await outcome(people.basic('acme', 'ada', password))).to.equal('unauthenticated')
    expect(await outcome(people.basic('acme', 'ada', better))).to.equal('fine')
  })

  it('and has leaked since gives a person nothing, and a build what it gave', async () => {
    const leaked = new Set<string>()
    const list = { has: async (sha1: string) => leaked.has(sha1) }
    const people = new People(undefined, undefined, new CountingHash('pbkdf2-blake2b512', list))
    await ada(people)
    expect(await outcome(people.signIn('acme', 'ada', password))).to.equal('fine')
    leaked.add(createHash('sha1').update(password).digest('hex').toUpperCase())
    const refused = await refusal(people.signIn('acme', 'ada', password))
    expect([refused.kind, refused.detail['code']]).to.deep.equal(['unauthenticated', 'token-required'])
    expect(await outcome(people.basic('acme', 'ada', password))).to.equal('fine')
  })

  it('lets its member in where the list of leaked ones cannot be read', async () => {
    let broken = false
    const list = {
      has: async () => {
        if (broken) throw new Error('the list is gone')
        return false
      },
    }
    const people = new People(undefined, undefined, new CountingHash('pbkdf2-blake2b512', list))
    const { directory } = await ada(people)
    broken = true
    expect(await outcome(people.signIn('acme', 'ada', password))).to.equal('fine')
    const made = directory.createMember({ name: 'bo', password: better })
    expect(await made.catch((thrown: Error) => thrown.message), 'but sets none that could not be looked up').to.equal(
      'the list is gone',
    )
  })
})
