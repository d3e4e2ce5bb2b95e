import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect } from 'chai'
import type { Answer, House } from '../support/house.js'
import { pomOf } from '../support/maven-deployment.js'
import { publishBody } from '../support/npm-package.js'
import { buildSdist } from '../support/sdist-builder.js'
import { buildWheel } from '../support/wheel-builder.js'
import { formats, openShelves, publish, put, putPackage, timed, untouched, upload, wheel } from './shelves.js'

const folder = '/acme/mvn/org/demo/lib'
const pom = `${folder}/1.0/lib-1.0.pom`
const metadata = `${folder}/maven-metadata.xml`

describe('parsers under attack', function () {
  this.timeout(60_000)
  let house: House
  before(async () => {
    house = await openShelves()
    expect(
      (await put(house, `${folder}/0.1/lib-0.1.pom`, pomOf({ group: 'org.demo', artifact: 'lib', version: '0.1' }))).status,
    ).to.equal(201)
    await put(house, metadata, '<metadata/>')
  })
  after(() => house.close())

  /** Refused with one of the statuses, with nothing written, within a time that no machine is too busy for. */
  const refused = async (what: string, send: () => Promise<Answer>, within = 10_000, statuses: readonly number[] = [400]) => {
    const { result, took } = await untouched(house, () => timed(send))
    expect(result.status, `${what}: ${result.text().slice(0, 300)}`).to.be.oneOf(statuses)
    expect(took, what).to.be.lessThan(within)
    return result
  }
  const asXml = async (what: string, document: (root: string) => string, within?: number) => {
    await refused(`${what} in a POM`, () => put(house, pom, document('project')), within, [400, 413])
    await refused(`${what} in metadata`, () => put(house, metadata, document('metadata')), within, [400, 413])
  }

  it('R1: a DOCTYPE is refused; no file is read and nobody is called', async () => {
    let calls = 0
    const listener = createServer((_request, response) => {
      calls++
      response.end('<!ENTITY x "y">')
    })
    await new Promise<void>((resolve) => listener.listen(0, '127.0.0.1', resolve))
    const { port } = listener.address() as AddressInfo
    try {
      for (const entity of [
        `<!ENTITY x SYSTEM "file:///etc/passwd">`,
        `<!ENTITY x SYSTEM "http://127.0.0.1:${port}/x">`,
        `<!ENTITY % p SYSTEM "http://127.0.0.1:${port}/p"> %p;`,
      ])
        await asXml(
          'an external entity',
          (root) => `<?xml version="1.0"?><!DOCTYPE ${root} [${entity}]><${root}><groupId>&x;</groupId></${root}>`,
        )
      await asXml('an external DTD', (root) => `<!DOCTYPE ${root} SYSTEM "http://127.0.0.1:${port}/dtd"><${root}/>`)
      expect(calls).to.equal(0)
      const metadataOf = 'Metadata-Version: 2.1\nName: &x;\nVersion: 1.0\n'
      await refused('an entity in METADATA', () =>
        upload(house, buildWheel({ name: 'xxe', version: '1.0', metadata: metadataOf }), 'xxe', '1.0'),
      )
    } finally {
      listener.close()
    }
  })

  it('R2: a billion laughs, and one entity of 100 KB used 10,000 times, are refused at once', async () => {
    const laughs = Array.from(
      { length: 10 },
      (_, at) => `<!ENTITY l${at} "${at === 0 ? 'ha' : `&l${at - 1};`.repeat(10)}">`,
    ).join('')
    await asXml('laughs', (root) => `<!DOCTYPE ${root} [${laughs}]><${root}>&l9;</${root}>`)
    const large = `<!ENTITY l "${'x'.repeat(100_000)}">`
    await asXml('one large entity', (root) => `<!DOCTYPE ${root} [${large}]><${root}>${'&l;'.repeat(10_000)}</${root}>`)
  })

  it('R3: a million character references are refused at once', async () => {
    await asXml('references', (root) => `<${root}><groupId>${'&#65;'.repeat(500_000)}</groupId></${root}>`)
    await asXml('many references', (root) => `<${root}><groupId>${'&#65;'.repeat(1_000_000)}</groupId></${root}>`)
  })

  describe('R4: documents nested, repeated or numbered beyond all sense', () => {
    it('XML nested 100,000 deep', async () => {
      await asXml('depth', (root) => `<${root}>${'<a>'.repeat(100_000)}${'</a>'.repeat(100_000)}</${root}>`)
    })

    const documents: readonly (readonly [string, () => string | Uint8Array])[] = [
      ['nested 100,000 deep in lists', () => `{"a":${'['.repeat(100_000)}${']'.repeat(100_000)}}`],
      ['nested 100,000 deep in objects', () => `${'{"a":'.repeat(100_000)}1${'}'.repeat(100_000)}`],
      ['never closed', () => '['.repeat(500_000)],
      ['of two million keys', () => `{${Array.from({ length: 2_000_000 }, (_, at) => `"${at}":0`).join(',')}}`],
      ['with a number that is none', () => '{"name":1e400}'],
      ['with a key twice', () => '{"name":"a","name":"b"}'],
      ['with a lone surrogate', () => '{"name":"\\ud800"}'],
      ['with a byte order mark', () => Buffer.concat([Buffer.from([0xef, 0xbb, 0xbf]), Buffer.from('{}')])],
      ['with __proto__', () => '{"__proto__":{"admin":true}}'],
    ]
    for (const [what, build] of documents)
      it(`JSON ${what}, as a publish and on the management interface`, async () => {
        const body = build()
        const headers = { 'content-type': 'application/json' }
        const send = (method: string, target: string, authorization?: string) => () =>
          house.call(method, target, { headers: { ...headers, ...(authorization === undefined ? {} : { authorization }) }, body })
        await refused('npm', send('PUT', '/acme/js/foo'), undefined, [400, 413])
        const operator = `Bearer ${house.operatorToken()}`
        await refused('api', send('POST', '/acme/-/api/v1/members', operator), undefined, [400, 413])
        expect(({} as Record<string, unknown>)['admin']).to.equal(undefined)
      })
  })

  it('R5: queries of a hundred thousand or of nested parameters are refused, or are plain text', async () => {
    const places = ['/acme/raw/', '/acme/js/-/v1/search', '/acme/py/simple/', '/acme/-/api/v1/members', folder]
    for (const place of places) {
      const many = await house.call('GET', `${place}?${'a[]=1&'.repeat(1_000)}`).catch((thrown: NodeJS.ErrnoException) => thrown)
      if ('status' in many) expect(many.status, place).to.be.oneOf([400, 414])
      const { result, took } = await timed(() =>
        house.call('GET', `${place}?a[100000000]=x&a[__proto__][admin]=1&__proto__[admin]=1`),
      )
      expect(result.status, place).to.be.oneOf([200, 400, 403, 404])
      expect(took, place).to.be.lessThan(5_000)
      expect(({} as Record<string, unknown>)['admin']).to.equal(undefined)
    }
  })

  it('R7: what is searched for is taken literally, and found at once', async () => {
    expect((await publish(house, { name: 'literal', version: '1.0.0', description: 'a*b (a+)+$ 100%' })).status).to.equal(201)
    for (const [text, found] of [
      ['(a+)+$', 1],
      ['a*b', 1],
      ['100%', 1],
      ['.*', 0],
      ['lit%', 0],
      [`${'a'.repeat(400)}!`, 0],
    ] as const) {
      const { result, took } = await timed(() => house.call('GET', `/acme/js/-/v1/search?text=${encodeURIComponent(text)}`))
      expect([text, result.status, (result.json() as { total: number }).total]).to.deep.equal([text, 200, found])
      expect(took).to.be.lessThan(5_000)
    }
    const words = encodeURIComponent('word '.repeat(600))
    expect((await house.call('GET', `/acme/js/-/v1/search?text=${words}`)).status).to.be.oneOf([200, 400, 414])
  })

  it('R6: versions and names made to be slow are refused at once, wherever they stand', async () => {
    const body = await publishBody({ name: 'foo', version: '1.0.0' })
    for (const version of [
      '9'.repeat(50_000),
      `1${' '.repeat(50_000)}x`,
      '1.'.repeat(20_000),
      `1.0.0-${'a-'.repeat(20_000)}`,
      `1!${'0'.repeat(40_000)}`,
    ]) {
      const [manifest] = Object.values(body.versions)
      await refused('npm version', () =>
        putPackage(house, 'foo', {
          ...body,
          versions: { [version]: { ...manifest, version } },
          'dist-tags': { latest: version },
        }),
      )
      await refused('npm tag', () => putPackage(house, 'foo', { ...body, 'dist-tags': { [version]: '1.0.0' } }))
      await refused('PyPI field', () => upload(house, wheel('slow', '1.0'), 'slow', version))
      const inside = `Metadata-Version: 2.1\nName: slow\nVersion: ${version}\n`
      await refused('METADATA', () =>
        upload(house, buildWheel({ name: 'slow', version: '1.0', metadata: inside }), 'slow', '1.0'),
      )
      await refused('specifier', () =>
        upload(house, buildWheel({ name: 'slow', version: '1.0', requiresPython: `>=${version}` }), 'slow', '1.0'),
      )
      await refused('POM', () => put(house, pom, pomOf({ group: 'org.demo', artifact: 'lib', version })))
    }
    // In a path a segment has 255 bytes: nothing longer reaches a parser.
    for (const version of ['9'.repeat(250), '1.'.repeat(120), 'a-'.repeat(120)]) {
      const { result, took } = await timed(() =>
        Promise.all(
          ['mvn/org/demo/lib', 'js/foo', 'py/simple', 'raw/x'].map((place) => house.call('GET', `/acme/${place}/${version}/`)),
        ),
      )
      for (const { status } of result) expect(status).to.be.oneOf([400, 404])
      expect(took).to.be.lessThan(10_000)
      await refused('path', () => put(house, `${folder}/${'9'.repeat(300)}/lib-${'9'.repeat(300)}.jar`, 'x'))
    }
  })

  it('R9: METADATA of 100,000 fields, of one line of 10 MB, with bodies and charsets of mail, is refused or read within a second', async () => {
    const head = 'Metadata-Version: 2.1\nName: mail\nVersion: 1.0\n'
    const cases: readonly (readonly [string, string, boolean])[] = [
      ['100,000 fields', `${head}${'Classifier: x\n'.repeat(100_000)}`, false],
      ['one line of 10 MB', `${head}Summary: ${'s'.repeat(10 * 1024 * 1024)}\n`, false],
      ['3 MB of continued lines', `${head}License: a\n${'        b\n'.repeat(300_000)}`, true],
      [
        'a body of MIME parts',
        `${head}Content-Type: multipart/mixed; boundary=x\nContent-Transfer-Encoding: base64\n\n--x\nName: other\n\n--x--\n`,
        true,
      ],
      ['encoded words', `${head}Author: =?utf-7?q?+ADw-script+AD4-?=\nSummary: =?utf-8?b?AAAA?=\n`, true],
    ]
    for (const [what, text, kept] of cases) {
      const file = buildWheel({ name: 'mail', version: '1.0', tag: `py3-none-any`, metadata: text })
      const sdist = await buildSdist({ name: 'mail', version: '1.0', metadata: text })
      for (const sent of [file, sdist]) {
        if (!kept) {
          await refused(what, () => upload(house, sent, 'mail', '1.0'))
          continue
        }
        const fresh = await openShelves()
        try {
          const { result, took } = await timed(() => upload(fresh, sent, 'mail', '1.0'))
          expect([what, result.status, result.reason]).to.deep.equal([what, 200, 'OK'])
          expect(took, what).to.be.lessThan(10_000)
          const page = (await fresh.call('GET', '/acme/py/simple/mail/')).text()
          expect(page).to.include(sent.filename).and.not.include('<script')
        } finally {
          await fresh.close()
        }
      }
    }
  })

  it('R10: a thousand ranges, or 8 KB of them, bring the file once and whole, in every format', async () => {
    const content = Buffer.alloc(100_000, 'abc')
    await put(house, '/acme/raw/ranged', content)
    await put(house, `${folder}/0.1/lib-0.1.jar`, content)
    expect((await publish(house, { name: 'ranged', version: '1.0.0' })).status).to.equal(201)
    const file = wheel('ranged', '1.0')
    expect((await upload(house, file, 'ranged', '1.0')).status).to.equal(200)
    const page = (await house.call('GET', '/acme/py/simple/ranged/')).text()
    const link = new URL(/href="([^"#]+\.whl)/.exec(page)?.[1] ?? '', `${house.url}/acme/py/simple/ranged/`).pathname
    const targets = {
      mvn: `${folder}/0.1/lib-0.1.jar`,
      js: '/acme/js/ranged/-/ranged-1.0.0.tgz',
      py: link,
      raw: '/acme/raw/ranged',
    }
    for (const format of formats) {
      const whole = await house.call('GET', targets[format])
      expect([format, whole.status]).to.deep.equal([format, 200])
      for (const range of [
        `bytes=${'0-0,'.repeat(1_000)}0-0`,
        `bytes=${Array.from({ length: 700 }, (_, at) => `${at}-${at + 9}`).join(',')}`,
        `bytes=0-,-1,${'5-,'.repeat(100)}0-1`,
      ]) {
        const { result, took } = await timed(() => house.call('GET', targets[format], { headers: { range } }))
        expect([format, result.status, result.body.length]).to.deep.equal([format, 200, whole.body.length])
        expect(took).to.be.lessThan(5_000)
      }
    }
  })

  it('R11: conditions and types in thousands are read as one or refused, at once', async () => {
    await put(house, '/acme/raw/listed', 'listed')
    const many = Array.from({ length: 1_500 }, (_, at) => `"${at}"`).join(', ')
    for (const headers of [
      { 'if-none-match': many },
      { accept: 'text/html;q=0.1,'.repeat(900) },
      { 'accept-language': 'de,'.repeat(4_000) },
      { 'accept-encoding': 'gzip;q=0.1,'.repeat(1_200) },
    ])
      for (const target of ['/acme/raw/listed', '/acme/raw/', '/acme/js/ranged', '/acme/py/simple/ranged/', metadata]) {
        const { result, took } = await timed(() => house.call('GET', target, { headers }))
        expect(result.status, `${target} ${Object.keys(headers)}`).to.be.oneOf([200, 400, 404, 406, 431])
        expect(took).to.be.lessThan(5_000)
      }
  })
})
