import { basename } from 'node:path'
import { expect } from 'chai'
import { read, sourceFiles, withoutComments } from './source-tree.js'

/** Where a face is, and each plugin's one export. */
const faceFiles = /^(core\/index\.ts|plugins\/[a-z]+\/index\.ts|test\/contract\/index\.ts)$/
const longest = 350

interface Rule {
  readonly name: string
  /** Which files it speaks of. */
  readonly among: (path: string) => boolean
  readonly breaks: (path: string, code: string, source: string) => boolean
}

const product = (path: string) => !path.startsWith('test/')
const rules: readonly Rule[] = [
  {
    name: 'no class is a singleton or injects itself: lifetimes stand in container.ts',
    among: () => true,
    breaks: (_, code) => /@(singleton|autoInjectable)\b/.test(code),
  },
  {
    name: 'index.ts exists only where a face is',
    among: (path) => basename(path) === 'index.ts',
    breaks: (path) => !faceFiles.test(path),
  },
  {
    name: 'only the host ends the process',
    among: (path) => product(path) && !path.startsWith('host/'),
    breaks: (_, code) => /\bprocess\.(exit|abort|kill)\(/.test(code),
  },
  {
    name: 'only the command line writes to the console',
    among: (path) => product(path) && !path.startsWith('host/cli/'),
    breaks: (_, code) => /\bconsole\.\w+\(/.test(code),
  },
  {
    name: 'nothing in core or in a plugin opens a connection but the guarded client',
    among: (path) =>
      /^(core|plugins)\//.test(path) && !path.startsWith('core/upstream/') && !path.startsWith('core/storage/drivers/'),
    breaks: (_, code) =>
      /(?<![.\w])fetch\(|globalThis\.fetch|new WebSocket\(|from 'node:(http|https|http2|net|tls|dgram)'/.test(
        withoutTypeImports(code),
      ),
  },
  {
    name: `no file is longer than ${longest} lines`,
    among: () => true,
    breaks: (_, __, source) => source.split('\n').length - 1 > longest,
  },
  {
    name: 'file names are kebab-case after their subject',
    among: () => true,
    breaks: (path) => !/^[a-z0-9]+(-[a-z0-9]+)*(\.(test|contract|d))?\.ts$/.test(basename(path)),
  },
  {
    name: 'no file is named after what it is instead of what it holds',
    among: () => true,
    breaks: (path) => /(^|[-.])(utils?|helpers?|manager|impl|base|common|misc)[-.]/.test(basename(path)),
  },
  {
    name: 'no class is named Impl, Manager, Helper or Base, and no interface begins with I',
    among: () => true,
    breaks: (_, code) =>
      /\b(class|interface)\s+\w*(Impl|Manager|Helper|Utils?)\b|\bclass\s+(Base[A-Z]\w*|\w+Base)\b|\binterface\s+I[A-Z][a-z]/.test(
        code,
      ),
  },
  {
    name: 'nothing is left to do in the code',
    among: (path) => path !== 'test/architecture/house-rules.test.ts',
    breaks: (_, __, source) => /\b(TODO|FIXME|XXX|HACK)\b/.test(source),
  },
  {
    name: 'no test is skipped or runs alone',
    among: (path) => path.endsWith('.test.ts') || path.endsWith('.contract.ts'),
    breaks: (_, code) => /\b(describe|it|context)\.(skip|only)\(|\bx(it|describe)\(/.test(code),
  },
  {
    name: 'streams are joined by pipeline, which ends both when one fails',
    among: product,
    breaks: (_, code) => /\.pipe\(/.test(withoutSchemas(code)),
  },
  {
    name: 'types are not switched off',
    among: (path) => path !== 'test/architecture/house-rules.test.ts',
    breaks: (_, __, source) => /@ts-(ignore|nocheck|expect-error)/.test(source),
  },
]

describe('the rules of the house', () => {
  const files = sourceFiles().map((path) => {
    const source = read(path)
    return { path, source, code: withoutComments(source) }
  })

  for (const { name, among, breaks } of rules) {
    it(name, () => {
      const broken = files.filter(({ path, code, source }) => among(path) && breaks(path, code, source))
      expect(broken.map(({ path }) => path)).to.deep.equal([])
    })
  }
})

function withoutTypeImports(code: string): string {
  return code.replace(/^import type [^;\n]*$/gm, '')
}
/** zod has a method of that name, which joins schemas. */
function withoutSchemas(code: string): string {
  return code.replace(/\bz\.[^\n]*/g, '')
}
