import { expect } from 'chai'
import fc from 'fast-check'
import { loginKey } from '../../../core/directory/member-rows.js'
import { newId } from '../../../core/runtime/identifiers.js'
import { fromScimId, toScimId } from '../../../plugins/scim/scim-id.js'
import { compareText, textKey } from '../../../plugins/scim/text-key.js'

describe('ids and keys of SCIM', () => {
  it('are UUIDs of version 4 that the id of the house is found in again, by its own kind alone', () => {
    const ids = [...Array.from({ length: 2000 }, () => newId('m')), `m_${'0'.repeat(20)}`, `m_${'z'.repeat(20)}`]
    const made = ids.map(toScimId)
    expect(made.filter((id) => !/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/.test(id))).to.deep.equal(
      [],
    )
    expect(made.map((id) => fromScimId('member', id))).to.deep.equal(ids)
    expect(new Set(made).size).to.equal(ids.length)
    expect(made.filter((id) => fromScimId('group', id) !== undefined)).to.deep.equal([])
    const group = newId('g')
    expect([fromScimId('group', toScimId(group)), fromScimId('member', toScimId(group))]).to.deep.equal([group, undefined])
    for (const id of ['s_00000000000000000000', 'm_1', 'm_0000000000000000000Z']) expect(() => toScimId(id)).to.throw(TypeError)
  })

  it('are nothing where a digit is another one, or where somebody made them up', () => {
    const id = toScimId(newId('m'))
    const digits = [...id].flatMap((character, at) => (character === '-' || at === 14 ? [] : [at]))
    const found = digits.filter(
      (at) => fromScimId('member', id.slice(0, at) + (id[at] === '7' ? '6' : '7') + id.slice(at + 1)) !== undefined,
    )
    expect(found).to.deep.equal([])
    for (const text of ['', '1', id.toUpperCase(), `${id} `, 'ffffffff-ffff-4fff-8fff-ffffffffffff'])
      expect(fromScimId('member', text)).to.equal(undefined)
  })

  it('are compared as logins are, whatever the character', () => {
    const other: string[] = []
    for (let code = 0; code <= 0x10ffff; code += 1) {
      if (code >= 0xd800 && code <= 0xdfff) continue
      const character = String.fromCodePoint(code)
      if (textKey(character) !== loginKey(character) || textKey(textKey(character)) !== textKey(character))
        other.push(code.toString(16))
    }
    expect(other).to.deep.equal([])
  }).timeout(20_000)

  it('are in the order of code points', () => {
    const points = (text: string) => [...text].map((character) => character.codePointAt(0) ?? 0)
    const ordered = (a: readonly number[], b: readonly number[]): number => {
      const at = a.findIndex((point, place) => point !== b[place])
      return at < 0 ? a.length - b.length : at >= b.length ? 1 : (a[at] ?? 0) - (b[at] ?? 0)
    }
    const text = fc.string({
      unit: fc.oneof(
        fc.constantFrom('a', '\ue000', '\uffee', '😀', '𐀀'),
        fc.string({ unit: 'binary', minLength: 1, maxLength: 1 }),
      ),
      maxLength: 4,
    })
    fc.assert(
      fc.property(text, text, (a, b) => {
        expect(Math.sign(compareText(a, b))).to.equal(Math.sign(ordered(points(a), points(b))))
      }),
    )
  })
})
