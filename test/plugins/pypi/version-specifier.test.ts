import { expect } from 'chai'
import { isSpecifierSet } from '../../../plugins/pypi/version-specifier.js'

describe('version specifiers', () => {
  it('are clauses joined by commas', () => {
    const good = [
      '>=3.9',
      '>=3.9,<4',
      '>= 3.9 , != 3.10.*',
      '~=3.8',
      '==3.*',
      '===anything-1',
      '',
      '>=2.7, !=3.0.*, !=3.1.*',
      '==1.0+local',
    ]
    for (const text of good) expect(isSpecifierSet(text), text).to.equal(true)
  })

  it('are refused where an operator or a version is wrong', () => {
    for (const text of ['3.9', '=>3.9', '>=3.9.*', '~=3', '>=abc', '>= 3 4', '>1.0+local', '>=3.9;python', '~=3.*']) {
      expect(isSpecifierSet(text), text).to.equal(false)
    }
  })
})
