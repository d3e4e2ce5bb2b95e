import { expect } from 'chai'
import { operatorOf, type Thing } from '../support/management.js'
import { openShelves, shelves } from '../support/shelves.js'

describe('what a format does not know of packages', () => {
  for (const shelf of shelves.filter(({ format }) => format !== 'pypi'))
    it(`is refused in ${shelf.format} with the reason, and nothing is changed`, async () => {
      const house = await openShelves()
      try {
        await shelf.publish(house, shelf.format, '1.0.0')
        const files = await house.storedFiles()
        const pkg = `packages/${shelf.format}/${encodeURIComponent(shelf.name).replaceAll('%25', '%')}`
        const yank = `${pkg}/${shelf.version('1.0.0')}/yank`
        for (const [method, path, body, words] of [
          ['POST', yank, { reason: 'broken' }, 'has versions that cannot be yanked'],
          ['DELETE', yank, undefined, 'has versions that cannot be yanked'],
          ['PUT', `${pkg}/status`, { status: 'deprecated' }, 'has no status'],
        ] as const) {
          const answer = await operatorOf(house).send(method, path, body)
          expect([answer.status, (answer.json() as Thing)['detail']], `${method} ${path}`).to.deep.equal([
            409,
            `A package of ${shelf.format} ${words}`,
          ])
        }
        expect(await house.storedFiles()).to.deep.equal(files)
      } finally {
        await house.close()
      }
    })
})
