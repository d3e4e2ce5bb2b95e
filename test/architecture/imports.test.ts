import { builtinModules } from 'node:module'
import { posix } from 'node:path'
import { expect } from 'chai'
import { type Import, importsOf, read, sourceFiles } from './source-tree.js'

const faces = ['#core', '#core/driver', '#core/host', '#host', '#testing']

/** Which packages a part may import, by the beginning of its path; the longest that fits counts (architecture guide, part d). */
const packagesOf: readonly (readonly [prefix: string, packages: readonly string[]])[] = [
  ['core/', ['tsyringe', 'zod', 'reflect-metadata']],
  ['core/archive/', ['tsyringe', 'zod', 'yauzl']],
  ['core/xml/', ['tsyringe', 'zod', 'saxes']],
  ['core/upstream/', ['tsyringe', 'zod', 'undici', 'ipaddr.js']],
  ['core/digest/', ['tsyringe', 'zod', 'hash-wasm']],
  ['core/auth/', ['tsyringe', 'zod', 'rate-limiter-flexible', 'ipaddr.js', '@node-rs/argon2']],
  ['core/auth/mfa/', ['tsyringe', 'zod', 'otpauth']],
  ['core/runtime/', ['tsyringe', 'zod', 'pino']],
  ['core/request/', ['tsyringe', 'zod', 'content-disposition']],
  ['core/storage/drivers/', ['tsyringe', 'zod', 'lmdb', '@aws-sdk/client-s3', '@aws-sdk/client-dynamodb']],
  ['plugins/', []],
  ['plugins/maven/', ['xml2js']],
  ['plugins/npm/', ['semver']],
  [
    'host/',
    [
      'express',
      'multer',
      'commander',
      'cli-progress',
      'cli-table3',
      'pino',
      'prom-client',
      'reflect-metadata',
      'tsyringe',
      'rate-limiter-flexible',
      'ipaddr.js',
      'zod',
    ],
  ],
  ['host/mail/', ['nodemailer']],
  ['examples/', ['express', 'mocha', 'chai', 'reflect-metadata']],
]

/** Value imports inside core go from a later layer to an earlier one, or stay in their own (architecture guide, part d). */
const layers: readonly (readonly string[])[] = [
  ['errors', 'runtime'],
  ['digest', 'archive', 'xml'],
  ['storage', 'audit', 'events', 'housekeeping', 'usage', 'advisories', 'mail'],
  ['tenancy', 'auth', 'directory', 'signing', 'accounts', 'oversight'],
  ['upstream', 'policy', 'lifecycle'],
  ['plugin', 'request'],
  ['kernel'],
]

describe('imports', () => {
  const files = sourceFiles().map((path) => ({ path, imports: importsOf(read(path)) }))

  it('go from each part of the house only where the architecture guide lets them', () => {
    expect(files.length).to.be.greaterThan(50)
    expect(files.flatMap(({ path, imports }) => imports.flatMap((one) => wrongDirection(path, one)))).to.deep.equal([])
  })

  it('name only the packages that their folder may know', () => {
    expect(files.flatMap(({ path, imports }) => imports.flatMap((one) => wrongPackage(path, one)))).to.deep.equal([])
  })

  it('of values inside core follow the order of its layers', () => {
    const core = files.filter(({ path }) => path.startsWith('core/'))
    expect(core.flatMap(({ path, imports }) => imports.flatMap((one) => wrongLayer(path, one)))).to.deep.equal([])
  })

  it('are read by a reader that sees every form of them', () => {
    const source = [
      "import a from 'one'",
      "import type { B } from 'two'",
      "import { type C, type D } from 'three'",
      "import {\n  type E,\n  f,\n} from 'four'",
      "export * from 'five'",
      "export type { G } from 'six'",
      "import 'seven'",
      "// import h from 'eight'",
      "/* import i from 'nine' */",
      "const j = await import('ten')",
    ].join('\n')
    expect(importsOf(source).map(({ specifier, typeOnly }) => `${specifier}${typeOnly ? ' (types)' : ''}`)).to.deep.equal([
      'one',
      'two (types)',
      'three (types)',
      'four',
      'five',
      'six (types)',
      'seven',
      'ten',
    ])
  })

  it('that would be wrong are seen to be wrong', () => {
    const value = (specifier: string): Import => ({ specifier, typeOnly: false })
    const type = (specifier: string): Import => ({ specifier, typeOnly: true })
    expect(wrongDirection('plugins/raw/files.ts', value('../npm/index.js'))).to.have.length(1)
    expect(wrongDirection('plugins/raw/files.ts', value('../../core/index.js'))).to.have.length(1)
    expect(wrongDirection('plugins/raw/files.ts', value('#core/driver'))).to.have.length(1)
    expect(wrongDirection('core/kernel.ts', value('../host/main.js'))).to.have.length(1)
    expect(wrongDirection('host/server/listener.ts', value('../../plugins/raw/index.js'))).to.have.length(1)
    expect(wrongDirection('host/bundled-plugins.ts', value('../plugins/raw/index.js'))).to.deep.equal([])
    expect(wrongDirection('examples/embedded/app.ts', value('../../core/kernel.js'))).to.have.length(1)
    expect(wrongDirection('host/main.ts', value('../test/support/house.js'))).to.have.length(1)
    expect(wrongPackage('core/request/dispatcher.ts', value('express'))).to.have.length(1)
    expect(wrongPackage('core/storage/staging.ts', value('lmdb'))).to.have.length(1)
    expect(wrongLayer('core/storage/staging.ts', value('../tenancy/tenancy.js'))).to.have.length(1)
    expect(wrongLayer('core/storage/staging.ts', type('../tenancy/tenancy.js'))).to.deep.equal([])
  })
})

/** The part of the house that a relative import leads to, as a path from the root; undefined for faces and packages. */
function target(path: string, { specifier }: Import): string | undefined {
  return specifier.startsWith('.') ? posix.normalize(posix.join(posix.dirname(path), specifier)) : undefined
}
function complaint(path: string, { specifier }: Import, why: string): string {
  return `${path} imports ${specifier}: ${why}`
}

function wrongDirection(path: string, one: Import): readonly string[] {
  const part = path.slice(0, path.indexOf('/'))
  const reached = target(path, one)
  const allowedFaces: Readonly<Record<string, readonly string[]>> = {
    core: [],
    plugins: ['#core'],
    host: ['#core', '#core/host'],
    examples: faces,
    test: faces,
  }
  if (one.specifier.startsWith('#')) {
    return allowedFaces[part]?.includes(one.specifier) ? [] : [complaint(path, one, `not a face for ${part}`)]
  }
  if (reached === undefined || part === 'test') return []
  if (part === 'plugins' || part === 'examples') {
    const own = path.split('/').slice(0, 2).join('/')
    return reached.startsWith(`${own}/`) ? [] : [complaint(path, one, 'outside its own folder')]
  }
  if (path === 'host/bundled-plugins.ts' && /^plugins\/[^/]+\/index\.js$/.test(reached)) return []
  return reached.startsWith(`${part}/`) ? [] : [complaint(path, one, `outside ${part}`)]
}

function wrongPackage(path: string, one: Import): readonly string[] {
  if (path.startsWith('test/') || one.specifier.startsWith('.') || one.specifier.startsWith('#')) return []
  const name = packageName(one.specifier)
  if (one.specifier.startsWith('node:') || builtinModules.includes(name)) return []
  const [, allowed = []] =
    packagesOf.filter(([prefix]) => path.startsWith(prefix)).sort(([a], [b]) => b.length - a.length)[0] ?? []
  return allowed.includes(name) ? [] : [complaint(path, one, 'not a package of that folder')]
}
function packageName(specifier: string): string {
  return specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/')
}

function wrongLayer(path: string, one: Import): readonly string[] {
  const reached = target(path, one)
  if (one.typeOnly || reached === undefined) return []
  const from = layerOf(path)
  const to = layerOf(reached)
  return to <= from ? [] : [complaint(path, one, 'a later layer')]
}
/** Files that lie in core itself (the faces, the kernel, the container) stand above all folders. */
function layerOf(path: string): number {
  const [, folder = '', inside] = path.split('/')
  if (inside === undefined) return layers.length
  const layer = layers.findIndex((names) => names.includes(folder))
  if (layer < 0) throw new Error(`core/${folder} has no layer: give it one here`)
  return layer
}
