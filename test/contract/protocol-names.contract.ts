import { expect } from 'chai'
import type { ProtocolPlugin } from '#core'
import { bothLists } from '../support/both-lists.js'
import type { House } from '../support/house.js'
import { as, type ProtocolContract, send, shelf } from './contract-words.js'

/** What search and pages show of a package, and what its documents say of it: a reindex makes the first again from the second. */
export function nameContract(house: () => House, plugin: ProtocolPlugin, contract: ProtocolContract, content: Uint8Array): void {
  if (!plugin.describe) return
  const { publishNext, remove } = contract

  const expectAgreement = async (after: string) => {
    const { listed, described } = await bothLists(house())
    expect(described, `what documents say ${after}`).to.deep.equal(listed)
  }

  it('says by its documents alone what it puts on the list of names', async () => {
    expect(await send(house(), contract.publish(content))).to.be.within(200, 299)
    await expectAgreement('after a publication')
    if (publishNext) expect(await send(house(), publishNext)).to.be.within(200, 299)
    await expectAgreement('after the next publication')
    if (!remove) return
    const { method, path } = remove
    expect((await house().call(method, `/acme/${shelf}${path}`, as('olga', remove))).status).to.be.within(200, 299)
    await expectAgreement('after a removal')
  })

  if (publishNext)
    it('says the same of two publications in one moment, whichever came first', async () => {
      await Promise.all([send(house(), publishNext), send(house(), contract.publish(content))])
      await expectAgreement('after both')
    })
}
