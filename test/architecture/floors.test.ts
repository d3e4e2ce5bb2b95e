import { expect } from 'chai'
import { gte, major } from 'semver'
import { read } from './source-tree.js'

/** Lowest version of each library that may be installed, wherever in the tree (security guide 3.9). Absent ones are fine. */
const floors: Readonly<Record<string, string>> = {
  'path-to-regexp': '8.4.0',
  'body-parser': '2.3.0',
  qs: '6.14.1',
  multer: '2.1.1',
  undici: '7.18.2',
  '@node-saml/node-saml': '5.1.0',
  'xml-crypto': '6.1.0',
  semver: '7.5.2',
  dompurify: '3.4.7',
}
const majors: Readonly<Record<string, number>> = {
  express: 5,
  'ipaddr.js': 2,
  yauzl: 3,
  'tar-stream': 3,
  jose: 6,
  'openid-client': 6,
  lmdb: 3,
}
/** Known to be unsafe for what a repository does with strangers' bytes; of those not even one deep in the tree. */
const refused = ['extract-zip', 'tar', 'jsonwebtoken', 'fast-xml-parser', 'request', 'node-fetch']
/** express's proxy-addr has the older major for itself. */
const exempt = new Set(['ipaddr.js in proxy-addr'])

interface Installed {
  readonly name: string
  readonly version: string
  readonly owner: string | undefined
  readonly dev: boolean
}

describe('the floors under libraries', () => {
  const { packages } = JSON.parse(read('package-lock.json')) as {
    packages: Record<string, { version?: string; dev?: boolean }>
  }
  const installed = Object.entries(packages).flatMap(([path, { version, dev }]): Installed[] => {
    const names = path.split('node_modules/').map((part) => part.replace(/\/$/, ''))
    const name = names.at(-1)
    if (path === '' || name === undefined || version === undefined) return []
    return [{ name, version, owner: names.at(-2) || undefined, dev: dev === true }]
  })

  it('hold for every resolved version', () => {
    const below = installed.filter(({ name, version }) => {
      const floor = floors[name]
      return floor !== undefined && !gte(version, floor)
    })
    expect(below).to.deep.equal([])
  })

  it('hold for majors of what the product itself uses', () => {
    const other = installed.filter(({ name, version, owner, dev }) => {
      const wanted = majors[name]
      return wanted !== undefined && !dev && major(version) !== wanted && !exempt.has(`${name} in ${owner ?? ''}`)
    })
    expect(other).to.deep.equal([])
  })

  it('leave out what is refused altogether', () => {
    expect(installed.filter(({ name, dev }) => !dev && refused.includes(name))).to.deep.equal([])
  })
})
