import { Readable } from 'node:stream'
import { expect } from 'chai'
import fc from 'fast-check'
import { RegistryError } from '../../../core/errors/registry-error.js'
import { readJsonWithBlobs } from '../../../core/request/json-blob-scanner.js'
import type { Omission } from '../../../core/request/protocol-request.js'
import type { Stage, StagedBlob } from '../../../core/storage/staging.js'

const stage: Stage = async (upload) => {
  let size = 0
  for await (const chunk of upload) size += (chunk as Buffer).length
  return { size, digests: { sha256: '' } } as StagedBlob
}
const omit: Omission = { after: 0, depth: 2, picks: ([, key = '']) => key.length % 2 === 0, most: 1 << 20 }

async function scan(text: string, size: number, omission: Omission = omit) {
  const bytes = Buffer.from(text)
  const chunks: Buffer[] = []
  for (let at = 0; at < bytes.length; at += size) chunks.push(bytes.subarray(at, at + size))
  const limits = { text: 1 << 20, blob: 1 << 20, omit: omission }
  const isBlob = ([, key]: readonly string[]) => key === 'blob'
  return readJsonWithBlobs(Readable.from(chunks, { objectMode: false }), isBlob, stage, limits)
}
const plain = (value: unknown): unknown => JSON.parse(JSON.stringify(value))
const refusal = (reading: Promise<unknown>) =>
  reading.then(
    () => 'taken',
    (thrown: RegistryError) => thrown.kind,
  )

/** What has to come out: nothing of what is picked. */
function expected(value: unknown): unknown {
  if (!isPlain(value)) return value
  const without = (inner: object) => Object.fromEntries(Object.entries(inner).filter(([key]) => key.length % 2 !== 0))
  return Object.fromEntries(Object.entries(value).map(([outer, inner]) => [outer, isPlain(inner) ? without(inner) : inner]))
}
function isPlain(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

describe('JSON of which members are read past', () => {
  const keys = fc.string({ maxLength: 3 }).filter((key) => key !== '__proto__')
  const document = fc.dictionary(
    keys,
    fc.oneof(fc.dictionary(keys, fc.jsonValue({ maxDepth: 3 })), fc.jsonValue({ maxDepth: 1 })),
  )

  it('is the same without them, however it is cut into chunks', async () => {
    await fc.assert(
      fc.asyncProperty(document, fc.integer({ min: 1, max: 40 }), fc.constantFrom(0, 1), async (value, size, indent) => {
        const clean = plain(value)
        fc.pre(!JSON.stringify(clean).includes('"__proto__"'))
        const { value: read } = await scan(JSON.stringify(clean, undefined, indent), size)
        expect(plain(read)).to.deep.equal(expected(clean))
      }),
      { numRuns: 300 },
    )
  })

  it('says whether anything was, and reads past nothing before the text is long enough', async () => {
    const text = '{"versions":{"ab":{"x":[1,{"y":"}"}]},"abc":2,"cd":"\\"]"}}'
    expect(await scan(text, 3)).to.deep.include({ omitted: true, blobs: [] })
    const whole = await scan(text, 3, { ...omit, after: 1_000 })
    expect([plain(whole.value), whole.omitted]).to.deep.equal([JSON.parse(text), false])
    const late = await scan(text, 3, { ...omit, after: 45 })
    expect(plain(late.value)).to.deep.equal({ versions: { ab: { x: [1, { y: '}' }] }, abc: 2 } })
  })

  it('reads past blobs that lie inside, and stages those that do not', async () => {
    const deep = await scan('{"blob":"YQ==","v":{"ab":{"blob":"!!!"},"blob":"YWI="}}', 5, {
      ...omit,
      picks: ([, key]) => key === 'ab',
    })
    expect(deep.blobs.map(({ path, blob }) => [path, blob.size])).to.deep.equal([[['v', 'blob'], 2]])
  })

  it('is refused where brackets do not balance, where it ends too early, and where it is too long', async () => {
    for (const text of [
      '{"v":{"ab":[}}',
      '{"v":{"ab":{]}}',
      '{"v":{"ab":[1}',
      '{"v":{"ab":"x',
      '{"v":{"ab":{"x":1}',
      '{"v":{"ab":1}}}',
    ])
      expect(await refusal(scan(text, 4)), text).to.equal('invalid')
    expect(await refusal(scan(`{"v":{"ab":${'['.repeat(100)}${']'.repeat(100)}}}`, 7))).to.equal('invalid')
    expect(await refusal(scan(`{"v":{"ab":"${'x'.repeat(1_000)}"}}`, 7, { ...omit, most: 1_000 }))).to.equal('too-large')
  })
})
