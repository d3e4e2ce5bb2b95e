import { expect } from 'chai'
import { AuditChain } from '../../../core/audit/audit-chain.js'
import { TenantDirectory } from '../../../core/directory/tenant-directory.js'
import { MailLinks } from '../../../core/mail/mail-links.js'
import { MailPost } from '../../../core/mail/mail-post.js'
import { mailMutation } from '../../../core/mail/mail-rows.js'
import { ErasureChore } from '../../../core/oversight/erasure-chore.js'
import { randomHex } from '../../../core/runtime/identifiers.js'
import type { Mutation } from '../../../core/storage/metadata-store.js'
import { tenantKeys } from '../../../core/storage/tenant-keys.js'
import { choreWork } from '../../support/chore-work.js'
import { all, CountingStore, People } from '../../support/people.js'

/** Dies at one of its commits. */
class DyingStore extends CountingStore {
  left = Number.POSITIVE_INFINITY
  override async commit(mutations: readonly Mutation[], token: string): Promise<void> {
    this.left -= 1
    if (this.left <= 0) throw new Error('killed')
    await super.commit(mutations, token)
  }
}

describe('an erasure', () => {
  it('is carried out whole, wherever it was killed before, and takes letters out of the queue', async () => {
    let kills = 0
    for (let at = 1; ; at += 1) {
      const store = new DyingStore()
      const people = new People(store)
      const { id: org } = await people.register().create('acme')
      const directory = await people.directory('acme')
      const ada = await directory.createMember({ name: 'ada', email: 'ada@acme.example', password: 'plum harbour 42' })
      await (await people.administration('acme')).issueToken(ada.id, { name: 'ci', scopes: [{ kind: 'audit' }] })
      const now = people.clock.now()
      await store.commit(
        [
          mailMutation(org, { kind: 'verify-email', member: ada.id }, now),
          mailMutation(org, { kind: 'reset', login: 'ADA@acme.example' }, now),
          mailMutation(org, { kind: 'reset', login: 'somebody' }, now),
        ],
        randomHex(),
      )
      const privacy = people.handles.privacy(await people.scope('acme'))
      const { id } = await privacy.requestErasure(ada.id)
      people.clock.advance(72 * 3_600_000)
      const chore = new ErasureChore({
        store,
        clock: people.clock,
        tenancy: people.tenancy,
        directories: new TenantDirectory(store, people.clock, people.hashes, new MailPost(new MailLinks(), false)),
        chain: new AuditChain(store, people.clock),
        suspension: async () => undefined,
        forget: async () => 0,
      })
      const work = await choreWork(store, people.clock, 'erasures')
      store.left = at
      const died = await chore.run(work).then(
        () => false,
        () => true,
      )
      store.left = Number.POSITIVE_INFINITY
      if (died) {
        kills += 1
        await chore.run(await choreWork(store, people.clock, 'erasures'))
      }
      const certificate = await people.handles.privacy(await people.scope('acme')).getErasure(id)
      expect(certificate, `killed at ${at}`).to.include({ state: 'done', number: 1 })
      const left: string[] = []
      for await (const { entry } of store.scan()) if (/\bada\b/i.test(JSON.stringify(entry))) left.push(JSON.stringify(entry.key))
      expect(left, `killed at ${at}`).to.deep.equal([])
      expect(await all(store.range(tenantKeys.memberRows(org, ada.id), {})), `killed at ${at}`).to.deep.equal([])
      const trail = people.handles.audit(await people.scope('acme'))
      expect((await trail.verify()).fault).to.equal(undefined)
      const rows = await all(people.handles.privacy(await people.scope('acme')).listErasures())
      expect(rows).to.have.length(1)
      if (!died) break
    }
    expect(kills).to.be.above(5)
  }).timeout(60_000)
})
