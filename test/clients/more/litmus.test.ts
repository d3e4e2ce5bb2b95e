import { expect } from 'chai'
import { RawWorkplace } from '../raw-workplace.js'

/** What each suite is to fail: dead properties are not kept, so what sets them is refused and what reads them back finds nothing. */
const suites: readonly (readonly [suite: string, passed: number, failed: readonly string[]])[] = [
  ['basic', 16, []],
  ['http', 4, []],
  ['copymove', 13, []],
  ['props', 11, ['propset', 'propmanyns', 'propget']],
  ['locks', 3, []],
]

describe('litmus 0.13', function () {
  this.timeout(120_000)
  let place: RawWorkplace
  before(async function () {
    place = await RawWorkplace.open(this, 'litmus')
  })
  after(() => place?.close())

  for (const [suite, passed, failed] of suites) {
    it(`passes its suite ${suite}${failed.length === 0 ? '' : ` but for ${failed.join(', ')}, which keep properties of their own`}`, async () => {
      place.env['TESTS'] = suite
      const { output } = await place.run('-k', place.base('dav'), 'ci', place.target.token)
      const failures = [...output.matchAll(/(\w+)\.+ FAIL/g)].map(([, name]) => name)
      expect(failures, output).to.deep.equal(failed)
      expect(output).to.match(new RegExp(`${passed} passed, ${failed.length} failed`))
      if (suite === 'locks') expect(output).to.include('server does not claim Class 2 compliance')
    })
  }
})
