import { expect } from 'chai'
import fc from 'fast-check'
import { hexOf } from '../../support/maven-deployment.js'
import { breakOff } from '../../support/wire.js'
import { runs, StrangeHouse } from './strange-house.js'

const refusals = [400, 404, 405, 409, 413, 414]

/** Pieces of paths that have a meaning to a layout, to a decoder, or to nobody. */
const layoutPiece = fc.constantFrom(
  ...'org demo lib lib-1.0 1.0 1.0-SNAPSHOT SNAPSHOT /lib/1.0/lib-1.0.jar -1.0-20260131.115959-1 .pom .jar .tar.gz .asc .sha1'.split(
    ' ',
  ),
  ...'.md5 .sha512 .sigstore.json maven-metadata.xml archetype-catalog.xml .meta .index - -- -sources'.split(' '),
)
const pathPiece = fc.constantFrom(
  ...'/ / / // . .. /../ /./ %2e%2e %2E%2e/ %2F %2f..%2f %5C \\ %00 %0a %252e%252e %25 %c0%ae %ff %zz % ; ;v=1 ? ?x=1'.split(' '),
  ...'+ ~ : @ & = %20 %C3%A9 e%CC%81 %E2%80%AE %ED%A0%80 $%7Bx%7D'.split(' '),
)
const path = fc
  .array(fc.oneof({ weight: 3, arbitrary: layoutPiece }, { weight: 2, arbitrary: pathPiece }), { minLength: 1, maxLength: 10 })
  .map((pieces) => `/${pieces.join('')}`)

describe('strange requests to a maven repository', function () {
  this.timeout(180_000)
  let strange: StrangeHouse
  before(async () => {
    strange = await StrangeHouse.open()
  })
  after(() => strange.close())

  const send = (...request: Parameters<StrangeHouse['send']>) => strange.send(...request)
  const stored = () => strange.stored()
  let number = 0

  for (const repository of ['mvn', 'loose'])
    it(`a path makes the one file that it names, or nothing: ${repository}`, async () => {
      await fc.assert(
        fc.asyncProperty(path, async (target) => {
          const before = await stored()
          const { status } = await send('PUT', `/acme/${repository}${target}`, `bytes of ${++number}`)
          const after = await stored()
          if (status !== 201) expect(status, target).to.be.oneOf(refusals)
          const key = `acme/${repository}${decodable(target)}`
          if (after.files.length === before.files.length) expect(after).to.deep.equal(before)
          else
            expect(
              after.files.filter((file) => !before.files.includes(file)),
              target,
            ).to.deep.equal([key])
          await send('GET', `/acme/${repository}${target}`)
          await send('HEAD', `/acme/${repository}${target}`)
          await send('DELETE', `/acme/${repository}${target}`)
        }),
        { numRuns: runs * 3 },
      )
    })

  it('a checksum is the right one, a wrong one or none, and changes no file', async () => {
    const target = 'org/demo/lib/0.1/lib-0.1.jar'
    await send('PUT', `/acme/mvn/${target}`, 'jar')
    const algorithm = fc.constantFrom('md5', 'sha1', 'sha256', 'sha512', 'sha3', 'crc')
    const garbage = fc.oneof(
      fc.string({ maxLength: 200, unit: 'binary' }),
      fc.constantFrom(
        '',
        '\n',
        '0',
        'g'.repeat(40),
        'a'.repeat(2_000),
        '\0'.repeat(40),
        `${'a'.repeat(40)}  x`,
        `SHA1(x)= ${'b'.repeat(40)}`,
        '\ufeff',
      ),
    )
    await fc.assert(
      fc.asyncProperty(algorithm, garbage, async (name, text) => {
        const { status } = await send('PUT', `/acme/mvn/${target}.${name}`, text)
        expect(status).to.be.oneOf(['sha3', 'crc'].includes(name) ? [200, 201, 409] : [400, 409, 413])
        if (name in { md5: 1, sha1: 1 })
          expect((await send('GET', `/acme/mvn/${target}.${name}`)).text()).to.equal(hexOf(name, 'jar'))
      }),
      { numRuns: runs },
    )
  })

  it('a body that breaks off, or is of another length than it said, leaves nothing', async () => {
    const headers = { Authorization: `Bearer ${strange.house.token('olga')}` }
    const before = await stored()
    for (const target of ['lib/9/lib-9.jar', 'lib/9/lib-9.pom', 'lib/9/lib-9.jar.sha1', 'lib/maven-metadata.xml']) {
      for (const length of [0, 1, 40, 2_000]) {
        strange.count()
        await breakOff(
          strange.house.url,
          { method: 'PUT', target: `/acme/mvn/org/demo/${target}`, headers },
          Buffer.alloc(length, 'a'),
          length + 7,
        )
      }
      const digest = await send('PUT', `/acme/mvn/org/demo/${target}`, 'x', { 'content-md5': 'AAAA' })
      expect(digest.status).to.equal(target.endsWith('.jar') || target.endsWith('.pom') ? 400 : digest.status)
    }
    expect(await stored()).to.deep.equal(before)
  })
})

function decodable(target: string): string {
  try {
    return decodeURIComponent(target.split('?')[0] ?? '').normalize('NFC')
  } catch {
    return 'nothing that could be stored'
  }
}
