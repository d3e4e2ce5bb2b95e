import { expect } from 'chai'
import fc from 'fast-check'
import { RegistryError } from '../../../core/errors/registry-error.js'
import { encodePath, holdRestToFloor, parsePath, rewritePath, splitTarget } from '../../../core/plugin/path-grammar.js'
import type { PathRules } from '../../../core/plugin/protocol-plugin.js'

const raw: PathRules = { names: 'free', emptySegments: 'collapse' }
const strict: PathRules = {}

/** The canonical path, or the kind and code of the refusal. */
function outcome(path: string, rules: PathRules, method = 'GET'): string {
  try {
    return parsePath(path, rules, method).canonical
  } catch (thrown) {
    if (!(thrown instanceof RegistryError)) throw thrown
    return `${thrown.kind} ${String(thrown.detail['code'])}`
  }
}
function targetOutcome(target: string): string {
  try {
    const { path, query } = splitTarget(target)
    return `${path} ${query}`
  } catch (thrown) {
    if (!(thrown instanceof RegistryError)) throw thrown
    return `${thrown.kind} ${String(thrown.detail['code'])}`
  }
}
const refusal = 'invalid path'

describe('path grammar', () => {
  describe('a request target', () => {
    it('is cut at its first question mark and left undecoded', () => {
      expect(targetOutcome('/a%2Fb?x=1?y')).to.equal('/a%2Fb x=1?y')
      expect(targetOutcome('/a')).to.equal('/a ')
    })
    it('is refused unless it is an origin-form target of printable ASCII', () => {
      for (const target of ['http://evil/acme/x', '*', '', 'acme/x', '/a#b', '/a b', '/caf\u00e9', '/a\r\nX: y', '/a\u0000']) {
        expect(targetOutcome(target), JSON.stringify(target)).to.equal(refusal)
      }
    })
    it('is too long beyond 4 KiB of path, 4 KiB of query or 8 KiB in all', () => {
      expect(targetOutcome(`/${'a'.repeat(4096)}`)).to.equal('too-large uri-too-long')
      expect(targetOutcome(`/?${'a'.repeat(4097)}`)).to.equal('too-large uri-too-long')
      expect(targetOutcome(`/${'a'.repeat(9000)}`)).to.equal('too-large uri-too-long')
      expect(targetOutcome(`/${'a'.repeat(4094)}?${'b'.repeat(4096)}`)).to.not.match(/^too-large/)
    })
    it('has at most 50 query parameters', () => {
      expect(targetOutcome(`/?${Array(50).fill('a[]=').join('&')}`)).to.match(/^\/ a/)
      expect(targetOutcome(`/?${Array(51).fill('a[]=').join('&')}`)).to.equal('invalid query')
    })
  })

  describe('free names, as raw files have them', () => {
    const kept: Record<string, string> = {
      '/a/b.txt': '/a/b.txt',
      '/a//b.txt': '/a/b.txt',
      '//a/b.txt': '/a/b.txt',
      '/a/%62.txt': '/a/b.txt',
      '/%252e%252e/b': '/%2e%2e/b',
      '/caf%C3%A9': '/caf\u00e9',
      '/cafe%CC%81': '/caf\u00e9',
      '/a;v=1': '/a;v=1',
      '/a,b': '/a,b',
      '/a=b': '/a=b',
      '/a@b': '/a@b',
      '/~x': '/~x',
      '/..a': '/..a',
      '/a..': '/a..',
      '/.hidden': '/.hidden',
      '/x%3Fy': '/x?y',
      '/a%23b': '/a#b',
      '/%20a%20': '/ a ',
      '/a+b': '/a+b',
      '/a%2Bb': '/a+b',
      "/a:b[c]'d": "/a:b[c]'d",
      '/a/': '/a/',
      '/a//': '/a/',
      '/': '/',
      '//': '/',
      '': '/',
    }
    for (const [path, canonical] of Object.entries(kept)) {
      it(`reads ${path || 'nothing'} as ${canonical}`, () => expect(outcome(path, raw)).to.equal(canonical))
    }
    const refused = [
      '/a/../b',
      '/a/%2e%2e/b',
      '/a/.%2E/b',
      '/./b',
      '/a/%2E',
      '/a%2Fb',
      '/a%2fb',
      '/a%5Cb',
      '/a\\b',
      '/a%00b',
      '/a%0d%0aX',
      '/a%7F',
      '/a%C2%85b',
      '/%ff',
      '/%C0%AE',
      '/%E0%80%AE',
      '/%ed%a0%80',
      '/%zz',
      '/%',
      '/a%2',
      '/...',
      '/%20%20',
      '/.%20.',
      '/a%E2%80%AEb',
      '/a%E2%81%A6b',
      '/a%E2%80%8Bb',
      '/%EF%BB%BFa',
      '/a%E2%80%A8b',
      '/a%EF%BF%BE',
      '/..%2f..%2f..%2fbeta/raw/x.bin',
      '/x-javadoc.jar/!/../../../x',
      'a/b',
    ]
    for (const path of refused) it(`refuses ${path}`, () => expect(outcome(path, raw)).to.equal(refusal))
  })

  describe('strict names', () => {
    const refused = [
      '/a;v=1',
      '/org/a/1/a-1.jar;/../../../b/2/b-2.jar',
      '/%252e%252e/b',
      '/a%2520b',
      '/cafe%CC%81',
      '/%20a',
      '/a%20',
      '/a%C2%A0',
      '/a.',
      '/a//b',
      '//a',
      '/a//',
      '/.meta//x',
      '/a%2Fb',
      '/%2F%2F..%2F..%2Fetc%2Fpasswd',
    ]
    for (const path of refused) it(`refuse ${path}`, () => expect(outcome(path, strict)).to.equal(refusal))
    it('take what is ordinary in a name', () => {
      for (const name of ['.meta', '@scope', 'a+b', '~a', 'a,b', 'a=(b)', '[1.0,)', "!$&'", 'a:b', 'caf\u00e9', '\u540d']) {
        expect(outcome(`/${encodeURIComponent(name)}`, strict), name).to.equal(`/${name}`)
      }
      expect(outcome('/a%20b', strict)).to.equal('/a b')
    })
  })

  describe('limits', () => {
    it('hold a segment to 255 bytes of UTF-8', () => {
      expect(outcome(`/${'a'.repeat(255)}`, raw)).to.equal(`/${'a'.repeat(255)}`)
      expect(outcome(`/${'a'.repeat(256)}`, raw)).to.equal(refusal)
      expect(outcome(`/${'%C3%A9'.repeat(128)}`, raw)).to.equal(refusal)
    })
    it('hold a path to 64 segments and 1,024 bytes', () => {
      expect(outcome('/a'.repeat(64), raw)).to.equal('/a'.repeat(64))
      expect(outcome('/a'.repeat(65), raw)).to.equal(refusal)
      const long = `/${'a'.repeat(255)}`.repeat(4)
      expect(outcome(long, raw)).to.equal(long)
      expect(outcome(`${long}/b`, raw)).to.equal(refusal)
    })
  })

  describe('empty segments and the trailing slash', () => {
    it('collapse for reads alone where the mount says so', () => {
      const rules: PathRules = { emptySegments: 'collapse-reads' }
      expect(outcome('/a//b', rules, 'GET')).to.equal('/a/b')
      expect(outcome('/a//b', rules, 'HEAD')).to.equal('/a/b')
      expect(outcome('/a//b', rules, 'PUT')).to.equal(refusal)
    })
    it('ask for a redirect of reads where the mount says so', () => {
      const rules: PathRules = { emptySegments: 'redirect' }
      expect(parsePath('/simple//x/', rules, 'GET')).to.deep.equal({
        segments: ['simple', 'x'],
        trailingSlash: true,
        canonical: '/simple/x/',
        redirect: true,
      })
      expect(parsePath('/simple/x/', rules, 'GET').redirect).to.equal(false)
      expect(outcome('/simple//x/', rules, 'POST')).to.equal(refusal)
    })
    it('one trailing slash is ignored where the mount says so', () => {
      expect(outcome('/a/', { trailingSlash: 'ignore' })).to.equal('/a')
      expect(outcome('/a/', strict)).to.equal('/a/')
    })
  })

  it('never says of a path that breaks the floor that it breaks a rule of the mount', () => {
    const message = (path: string, rules: PathRules) => {
      try {
        parsePath(path, rules, 'GET')
        return 'accepted'
      } catch (thrown) {
        return (thrown as Error).message
      }
    }
    expect(message('/a;b/%2e%2e', strict)).to.equal(message('/a;b/%2e%2e', raw))
  })

  it('holds what lies below any address to the floor, and leaves an encoded slash to the mount', () => {
    for (const path of ['/%2e%2e', '/a%00', '/a\\b', '/%ff', '/..%2f..', '/a/%2e%2e%2fb', '/a'.repeat(65)]) {
      expect(() => holdRestToFloor(path), path).to.throw(RegistryError)
    }
    for (const path of ['/', '/@acme%2fui', '/a//b', '/a;b', '/a.', '/%252e'])
      expect(() => holdRestToFloor(path), path).to.not.throw()
  })

  it('asks a rewriting once and parses what comes of it like any other path', () => {
    const rules: PathRules = { rewrite: (path, mountPath) => path.replace(mountPath, '').replace(/%2f/i, '/') }
    expect(rewritePath('/acme/npm/@a%2fb', rules, '/acme/npm')).to.equal('/@a/b')
    for (const bad of ['', 'x', '/a b', '/a?b', '/a#b', '/caf\u00e9']) {
      expect(() => rewritePath('/x', { rewrite: () => bad }, ''), bad).to.throw(RegistryError)
    }
  })

  describe('properties', () => {
    const wild = fc.array(
      fc.oneof(
        fc.constantFrom(
          '/',
          '.',
          '..',
          '%2e',
          '%2F',
          '%5c',
          ';',
          '%25',
          '%C3%A9',
          'e%CC%81',
          '%',
          '%ff',
          '%20',
          '+',
          'a',
          '-',
          '@',
          '%00',
        ),
        fc.string({ unit: 'grapheme', maxLength: 3 }).map(encodeURIComponent),
        fc.string({ unit: 'binary', maxLength: 3 }),
        fc.string({ unit: 'grapheme-ascii', maxLength: 4 }),
      ),
      { maxLength: 12 },
    )
    it('parsing throws nothing but RegistryError', () => {
      fc.assert(
        fc.property(wild, fc.constantFrom(raw, strict), (parts, rules) => {
          expect(outcome(`/${parts.join('')}`, rules)).to.be.a('string')
          expect(targetOutcome(`/${parts.join('')}`)).to.be.a('string')
        }),
        { numRuns: 2000 },
      )
    })
    it('a parsed path, encoded again, is the same path, and its names obey the floor', () => {
      fc.assert(
        fc.property(wild, fc.constantFrom(raw, strict), (parts, rules) => {
          let parsed: ReturnType<typeof parsePath>
          try {
            parsed = parsePath(`/${parts.join('')}`, rules, 'GET')
          } catch {
            return
          }
          expect(parsePath(encodePath(parsed), rules, 'GET')).to.deep.equal({ ...parsed, redirect: false })
          for (const segment of parsed.segments) expect(segment).to.not.match(/^\.{1,2}$|[/\\\u0000]/)
        }),
        { numRuns: 2000 },
      )
    })
  })
})
