import { expect } from 'chai'
import type { House } from '../../support/house.js'
import { type Part, uploadParts } from '../../support/upload-form.js'
import { buildWheel } from '../../support/wheel-builder.js'
import { openPypiHouse, post, upload } from './pypi-house.js'

const wheel = buildWheel({ name: 'bard', version: '1.0' })
const parts = uploadParts(wheel, 'bard', '1.0')

describe('what a form of an upload may cost', () => {
  let house: House
  before(async () => {
    house = await openPypiHouse()
  })
  after(() => house.close())

  const text = (name: string, size: number): Part => ({ name, value: 'x'.repeat(size) })
  const refused: readonly [string, readonly Part[], RegExp][] = [
    ['a summary of more than 64 KiB', [text('summary', 65_537)], /^413 .*summary: at most 65536 bytes are allowed\./],
    ['a description of more than 4 MiB', [text('description', 4 * 1024 ** 2 + 1)], /^413 /],
    ['500 fields', Array.from({ length: 500 }, () => text('classifiers', 3)), /^4(?:00|13) /],
    ['more than 8 MiB of text', Array.from({ length: 3 }, () => text('description', 3 * 1024 ** 2)), /^413 /],
    ['three files', ['a', 'b'].map((name) => ({ name, filename: 'x.asc', content: Buffer.from('x') })), /^4(?:00|13) /],
    ['a name of 10,000 characters', [text('x'.repeat(10_000), 1)], /^4(?:00|13) /],
  ]
  for (const [what, more, words] of refused)
    it(`is not ${what}: nothing is written`, async () => {
      for (const form of [
        [...more, ...parts],
        [...parts, ...more],
      ]) {
        const answer = await post(house, form)
        expect(`${answer.status} ${answer.reason}`).to.match(words)
        expect(answer.text()).to.equal(`${answer.reason}\n`)
        expect([await house.storedFiles(), await house.storedDocuments(), await house.storedBlobs()]).to.deep.equal([[], [], 0])
      }
    })

  it('is as much as real ones are: 300 classifiers and a description of 4 MiB', async () => {
    const classifiers = Array.from({ length: 300 }, (_, at): Part => ({ name: 'classifiers', value: `Private :: ${at}` }))
    const answer = await post(house, [...classifiers, text('description', 4 * 1024 ** 2), ...parts])
    expect(answer.status, answer.text()).to.equal(200)
  })

  it('is refused before its body has come where the caller may not upload: in words, not by a broken connection', async () => {
    const large = { ...wheel, content: Buffer.alloc(8 * 1024 ** 2) }
    for (const [as, status, words] of [
      ['nobody', 401, ''],
      ['rita', 403, "The user isn't allowed to upload to this repository."],
      ['gus', 403, 'You may not read this repository.'],
    ] as const) {
      const answer = await upload(house, large, 'bard', '1.0', {}, { as })
      expect(answer.status, as).to.equal(status)
      if (words !== '') expect([answer.reason, answer.text()]).to.deep.equal([words, `${words}\n`])
    }
  })
})
