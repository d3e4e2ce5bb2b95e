import { expect } from 'chai'
import { isProjectName, normalizeName, projectOf } from '../../../plugins/pypi/project-name.js'

describe('project names', () => {
  it('normalize runs of separators and case', () => {
    for (const name of ['Friendly-Bard', 'FRIENDLY.BARD', 'friendly__bard', 'friendly.-_-bard']) {
      expect(isProjectName(name), name).to.equal(true)
      expect(normalizeName(name), name).to.equal('friendly-bard')
    }
  })

  it('are ASCII letters and digits at both ends', () => {
    const invalid = ['-bard', 'bard-', '_', '', 'naïve', 'bard\n', 'a b', 'bard/', '..', 'İ', 'a\0', 'x'.repeat(215), '__proto__']
    for (const name of invalid) {
      expect(isProjectName(name), JSON.stringify(name)).to.equal(false)
      expect(projectOf(name)).to.equal(undefined)
    }
  })

  it('may be words that programs use for other things', () => {
    for (const name of ['constructor', 'hasOwnProperty', 'simple', 'favicon.ico', 'node_modules', 'a', '7']) {
      expect(isProjectName(name), name).to.equal(true)
    }
  })
})
