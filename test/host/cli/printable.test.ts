import { expect } from 'chai'
import { printable } from '../../../host/cli/printable.js'

describe('Text on a terminal', () => {
  for (const [what, raw, shown] of [
    ['an escape sequence', 'hi \u001b]0;mine\u0007\u001b[2J', 'hi \\u001b]0;mine\\u0007\\u001b[2J'],
    ['its one-character form', 'a\u009b31mb\u007f', 'a\\u009b31mb\\u007f'],
    ['a carriage return, which would write over the line', 'safe\rgone', 'safe\\u000dgone'],
    ['characters that turn the line around', 'a\u202eb\u2066c\u200f', 'a\\u202eb\\u2066c\\u200f'],
  ] as const)
    it(`shows ${what} as its code`, () => expect(printable(raw)).to.equal(shown))

  it('leaves line breaks, and letters of all writings', () => {
    const text = 'Grüße\n東京 😀\nשלום'
    expect(printable(text)).to.equal(text)
  })

  it('leaves JSON what it was', () => {
    const value = { description: 'a\u009b2J\u202e\u001b[m\n"', list: [1] }
    const json = printable(JSON.stringify(value, null, 2))
    expect(JSON.parse(json)).to.deep.equal(value)
    expect(json).to.match(/^[\n\x20-\x7e]+$/)
  })
})
