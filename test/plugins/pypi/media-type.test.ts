import { expect } from 'chai'
import { selectFlavour } from '../../../plugins/pypi/media-type.js'

const v1 = 'application/vnd.pypi.simple.v1'
const v2 = 'application/vnd.pypi.simple.v2'
const latest = 'application/vnd.pypi.simple.latest'
const browser = 'text/html,application/xhtml+xml,application/xml;q=0.9,image/webp,*/*;q=0.8'

const table: readonly [string | undefined, 'html' | 'html-v1' | 'json' | undefined][] = [
  [undefined, 'html'],
  ['', 'html'],
  ['*/*', 'html'],
  ['text/html', 'html'],
  [browser, 'html'],
  [`${v1}+json, ${v1}+html; q=0.1, text/html; q=0.01`, 'json'],
  [`${v1}+json, ${v1}+html;q=0.2, text/html;q=0.01`, 'json'],
  [`${v1}+json, */*;q=0.1`, 'json'],
  [`text/html, ${v1}+json`, 'json'],
  [`text/html;q=0.2, ${v1}+html`, 'html-v1'],
  [`${v1}+json;q=0, */*`, 'html'],
  [`${v1}+json;q=0.001, text/html;q=0.002`, 'html'],
  [`${v2}+json, ${v1}+json;q=0.5`, 'json'],
  ['application/*', 'json'],
  ['text/*', 'html'],
  ['application/json', undefined],
  [`${v2}+json`, undefined],
  [`${v1}+json;q=0`, undefined],
  ['*/*;q=0', undefined],
  [`${latest}+json`, 'json'],
  [`${latest}+html`, 'html-v1'],
  ['TEXT/HTML', 'html'],
  [`${v1}+json;q=2, text/html;q=0.1`, 'html'],
  [`${v1}+json;q=abc`, undefined],
  [`${v1}+json;version=1;q=0.5, text/html;q=0.4`, 'json'],
  [`${latest}+json;q=0.1, ${v1}+json;q=0.9, text/html;q=0.5`, 'json'],
  ['text/html;q=0, */*', 'json'],
  ['*/*, text/*;q=0.9', 'html'],
  ['garbage, ;;, ,', undefined],
]

describe('the form of a simple page', () => {
  for (const [accept, flavour] of table) {
    it(`is ${flavour ?? 'refused'} for ${accept === undefined ? 'no Accept' : JSON.stringify(accept)}`, () =>
      expect(selectFlavour(accept)).to.equal(flavour))
  }

  it('is what ?format= names, whatever Accept says', () => {
    expect(selectFlavour('text/html', [`${v1}+json`])).to.equal('json')
    expect(selectFlavour('application/json', [`${latest}+html`])).to.equal('html-v1')
    expect(selectFlavour(undefined, [`${v1} json`])).to.equal('json')
    expect(selectFlavour(undefined, ['text/html'])).to.equal('html')
  })

  it('is refused where ?format= is unknown, repeated or a pattern', () => {
    for (const formats of [['json'], ['*/*'], [''], ['text/html', 'text/html'], ['constructor'], [`${v1}+json;q=1`]]) {
      expect(selectFlavour(undefined, formats), String(formats)).to.equal(undefined)
    }
  })
})
