import { Readable } from 'node:stream'
import { expect } from 'chai'
import { type Form, type FormLimits, RegistryError, type Stage, type StagedBlob, unprocessable } from '#core'
import { parseForm } from '../../../host/server/multipart.js'

const boundary = 'b0undary'
const field = (name: string, value: string) =>
  `--${boundary}\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n${value}\r\n`
const file = (name: string, filename: string, value: string, type: string | null = 'application/octet-stream') =>
  `--${boundary}\r\nContent-Disposition: form-data; name="${name}"; filename="${filename}"\r\n${type === null ? '' : `Content-Type: ${type}\r\n`}\r\n${value}\r\n`
const end = `--${boundary}--\r\n`

/** Keeps what was staged; counts what was begun and what has come to its end. */
function staging() {
  const state = { begun: 0, ended: 0 }
  const stage: Stage = async (upload) => {
    state.begun++
    const chunks: Buffer[] = []
    try {
      for await (const chunk of upload) chunks.push(chunk as Buffer)
    } finally {
      state.ended++
    }
    return { size: Buffer.concat(chunks).length, content: Buffer.concat(chunks).toString() } as unknown as StagedBlob
  }
  return { state, stage }
}

function read(
  parts: Iterable<string | Buffer> | AsyncIterable<string | Buffer>,
  stage: Stage,
  limits: FormLimits = {},
  type = `multipart/form-data; boundary=${boundary}`,
) {
  return parseForm(Readable.from(toBuffers(parts), { objectMode: false }), { 'content-type': type }, stage, limits)
}
async function* toBuffers(parts: Iterable<string | Buffer> | AsyncIterable<string | Buffer>) {
  for await (const part of parts) yield Buffer.from(part as string)
}
const plain = (form: Form) => ({
  fields: Object.fromEntries(form.fields),
  files: form.files.map(({ blob, ...rest }) => ({ ...rest, content: (blob as unknown as { content: string }).content })),
})
async function failure(reading: Promise<unknown>): Promise<RegistryError> {
  try {
    await reading
  } catch (error) {
    expect(error).to.be.instanceOf(RegistryError)
    return error as RegistryError
  }
  throw new Error('it was taken')
}

describe('Forms', () => {
  it('come as fields and staged files, in any order', async () => {
    const { stage } = staging()
    const form = await read(
      [field('a', '1'), file('content', 'x.whl', 'PK'), field('a', '2'), field(':action', 'file_upload'), field('é', 'ü'), end],
      stage,
    )
    expect(plain(form)).to.deep.equal({
      fields: { a: ['1', '2'], ':action': ['file_upload'], é: ['ü'] },
      files: [{ field: 'content', filename: 'x.whl', contentType: 'application/octet-stream', content: 'PK' }],
    })
  })

  it('keep file names as they were sent, in UTF-8', async () => {
    const { stage } = staging()
    const names = ['../../evil.whl', 'C:\\x.whl', 'a/b.whl', 'héllo.whl', '__proto__']
    const form = await read([...names.map((name, index) => file(`f${index}`, name.replaceAll('\\', '\\\\'), 'x')), end], stage, {
      files: 5,
    })
    expect(form.files.map(({ filename }) => filename)).to.deep.equal(names)
  })

  it('take a file without a type, and fields with odd names', async () => {
    const { stage } = staging()
    const form = await read([file('content', 'x', 'y', null), field('__proto__', 'p'), field('constructor', 'c'), end], stage)
    expect(form.files.map(({ contentType }) => contentType)).to.deep.equal([undefined])
    expect([...form.fields.keys()]).to.deep.equal(['__proto__', 'constructor'])
    expect(({} as Record<string, unknown>)['p']).to.equal(undefined)
  })

  it('may have no part at all', async () => {
    expect(plain(await read([end], staging().stage))).to.deep.equal({ fields: {}, files: [] })
  })

  it('arrive in pieces of any size', async () => {
    const { stage } = staging()
    const text = field('a', '1') + file('content', 'x.whl', 'y'.repeat(1000)) + field('b', '2') + end
    const form = await read(
      [...text].map((letter) => letter),
      stage,
    )
    expect(plain(form).files[0]?.content.length).to.equal(1000)
  })

  const long = 'x'.repeat(64 * 1024)
  /** A field whose part has so many headers beside its own. */
  const headed = (count: number, header = (number: number) => `X-${number}: y`) => {
    const lines = Array.from({ length: count }, (_, number) => `${header(number)}\r\n`).join('')
    return `--${boundary}\r\nContent-Disposition: form-data; name="a"\r\n${lines}\r\n1\r\n`
  }
  const refused: [string, readonly (string | Buffer)[], FormLimits, 'invalid' | 'too-large', string?][] = [
    ['no boundary', [field('a', '1'), end], {}, 'invalid', 'multipart/form-data'],
    ['another type', ['a=1'], {}, 'invalid', 'application/x-www-form-urlencoded'],
    ['a boundary that never comes', ['x'.repeat(100_000)], {}, 'invalid'],
    ['a form without its end', [field('a', '1')], {}, 'invalid'],
    ['a truncated last boundary', [field('a', '1'), `--${boundary}`], {}, 'invalid'],
    ['a file that breaks off', [file('content', 'x', 'y').slice(0, -4)], {}, 'invalid'],
    ['nothing', [], {}, 'invalid'],
    ['an empty field name', [field('', '1'), end], {}, 'invalid'],
    ['a part without a name', [`--${boundary}\r\nContent-Disposition: form-data\r\n\r\n1\r\n`, end], {}, 'invalid'],
    ['an empty file name', [file('content', '', 'y'), end], {}, 'invalid'],
    ['a file without a field name', [file('', 'x', 'y'), end], {}, 'invalid'],
    ['a field name of 300 bytes', [field('n'.repeat(300), '1'), end], {}, 'invalid'],
    ['a field nested deeper than anybody needs', [field('a[b][c][d][e][f]', '1'), end], {}, 'invalid'],
    ['two files', [file('content', 'x', 'y'), file('more', 'x', 'y'), end], {}, 'too-large'],
    ['401 fields', [...Array.from({ length: 401 }, (_, index) => field(`f${index}`, '1')), end], {}, 'too-large'],
    ['three fields of two', [field('a', '1'), field('a', '1'), field('a', '1'), end], { fields: 2 }, 'too-large'],
    ['a field that is too long', [field('a', `${long}x`), end], {}, 'too-large'],
    ['too much text together', [...Array.from({ length: 200 }, () => field('a', long)), end], {}, 'too-large'],
    ['17 headers of a part', [headed(16), end], {}, 'too-large'],
    ['17 headers of the second part', [headed(15), headed(16), end], {}, 'too-large'],
    ['17 headers of one name', [headed(16, () => 'X: y'), end], {}, 'too-large'],
    ['a header of a part longer than 2 KiB', [headed(1, () => `X: ${'y'.repeat(2_048)}`), end], {}, 'too-large'],
    ['a megabyte of part headers', [`--${boundary}\r\nX: ${'x'.repeat(1_000_000)}\r\n\r\n1\r\n`, end], {}, 'invalid'],
  ]
  for (const [what, parts, limits, kind, type] of refused)
    it(`are refused as ${kind} with ${what}, and no staging is left running`, async () => {
      const { state, stage } = staging()
      const error = await failure(read(parts, stage, limits, type))
      expect(error.kind).to.equal(kind)
      expect(state.ended).to.equal(state.begun)
    })

  it('may have 16 headers a part, of 2 KiB each', async () => {
    const longest = `X: ${'y'.repeat(2_047)}`
    const form = await read([headed(15), headed(1, () => longest), end], staging().stage)
    expect(form.fields.get('a')).to.deep.equal(['1', '1'])
  })

  it('may have fields as long as allowed', async () => {
    const form = await read([field('a', long), end], staging().stage)
    expect(form.fields.get('a')?.[0]?.length).to.equal(64 * 1024)
    const large = await read([field('d', 'x'.repeat(4 * 1024 * 1024)), end], staging().stage, { fieldSize: 4 * 1024 * 1024 })
    expect(large.fields.get('d')?.[0]?.length).to.equal(4 * 1024 * 1024)
  })

  it('are refused at the limit, not at the end', async () => {
    let produced = 0
    async function* endless() {
      for (;;) {
        produced++
        yield field('a', '1')
      }
    }
    const error = await failure(read(endless(), staging().stage))
    expect([error.kind, produced < 20_000]).to.deep.equal(['too-large', true])
  })

  it('fail with what the stage threw, unchanged, and read no further', async () => {
    let produced = 0
    async function* endless() {
      yield file('content', 'x', '').slice(0, -2)
      for (;;) {
        produced++
        yield 'y'.repeat(64 * 1024)
      }
    }
    const thrown = unprocessable('digest', { detail: { algorithm: 'md5' } })
    const error = await failure(
      read(endless(), async (upload) => {
        for await (const chunk of upload) if ((chunk as Buffer).length > 0) throw thrown
        throw new Error('nothing came')
      }),
    )
    expect(error).to.equal(thrown)
    expect(produced).to.be.lessThan(200)
  })

  it('fail at once when the body fails', async () => {
    const { state, stage } = staging()
    async function* breaking() {
      yield file('content', 'x', 'y'.repeat(100_000)).slice(0, -2)
      throw new Error('reset')
    }
    const error = await failure(read(breaking(), stage))
    expect([error.kind, state.begun - state.ended]).to.deep.equal(['invalid', 0])
  })
})
