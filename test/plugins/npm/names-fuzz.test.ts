import { expect } from 'chai'
import fc from 'fast-check'
import { RegistryError } from '#core'
import npm from '../../../plugins/npm/index.js'
import { checkName, checkNewName } from '../../../plugins/npm/package-name.js'
import { type Answer, type House, openHouse } from '../../support/house.js'
import { publishBody } from '../../support/npm-package.js'

const runs = Number(process.env['FUZZ_RUNS'] ?? 300)

/** Pieces that mean something to JavaScript, to npm, to a file system or to our own addresses, and anything else. */
const piece = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.constantFrom(
      ...['constructor', '__proto__', 'prototype', 'tostring', 'toString', 'hasownproperty', 'valueof', '__definegetter__'],
      ...['-', '--', '-rev', '_', '_session', '_view', '.', '..', '.x', '~', 'package', 'dist-tags', 'v1', 'npm', 'user', 'ping'],
      ...['whoami', 'latest', '1.0.0', 'nul', 'con', 'aux.js', 'node_modules', 'favicon.ico', 'head', 'version', 'tag', 'gone'],
    ),
  },
  { weight: 3, arbitrary: fc.constantFrom('a', 'A', 'foo', 'Foo', 'a-b', 'a_b', 'a.b', 'ab', 'x'.repeat(214), 'x'.repeat(107)) },
  {
    weight: 1,
    arbitrary: fc.constantFrom(
      'é',
      'e\u0301',
      'ａ',
      'а',
      '٣',
      'xn--80ak6aa92e',
      '\u202e',
      '%',
      ' ',
      'a b',
      '\\',
      ':',
      '@',
      "'",
      '(',
      '!',
    ),
  },
  { weight: 1, arbitrary: fc.string({ minLength: 1, maxLength: 5 }) },
)
const part = fc.array(piece, { minLength: 1, maxLength: 2 }).map((pieces) => pieces.join(''))
const name = fc.oneof(
  { weight: 2, arbitrary: part },
  { weight: 2, arbitrary: fc.tuple(part, part).map(([scope, base]) => `@${scope}/${base}`) },
)

/** Every way in which clients write a name into an address. */
function spellings(pkg: string): string[] {
  const encoded = (text: string) => encodeURIComponent(text.replace(/\p{Surrogate}/gu, ''))
  const cut = pkg.indexOf('/')
  if (!pkg.startsWith('@') || cut < 0) return [encoded(pkg).replace(/^%40/, '@')]
  const [scope, base] = [encoded(pkg.slice(1, cut)), encoded(pkg.slice(cut + 1))]
  return ['@', '%40'].flatMap((at) => ['/', '%2f', '%2F'].map((slash) => `${at}${scope}${slash}${base}`))
}

function takes(check: (text: string) => string, pkg: string): boolean {
  try {
    check(pkg)
    return true
  } catch (thrown) {
    expect(thrown).to.be.instanceOf(RegistryError)
    return false
  }
}

describe('npm: names of every kind', function () {
  this.timeout(180_000)
  let house: House
  let sent = 0
  const published = new Map<string, string>()
  before(async () => {
    house = await openHouse({ plugins: [npm], repositories: [{ name: 'js', format: 'npm' }] })
  })
  after(async () => {
    process.stdout.write(`    ${sent} requests sent, ${published.size} packages published under odd names\n`)
    await house.close()
  })

  const call = async (method: string, target: string, body?: unknown): Promise<Answer> => {
    sent += 1
    const answer = await house.call(method, `/acme/js/${target}`, body === undefined ? {} : { body: JSON.stringify(body) })
    expect(answer.status, `${method} ${target}`).to.be.below(500)
    if (answer.status >= 400) {
      const said = answer.json() as { error?: unknown; detail?: unknown }
      expect(said.error ?? said.detail, `${method} ${target}`).to.be.a('string')
    }
    return answer
  }

  it('are published or refused with a reason, are the same in every spelling, and never one another', async () => {
    let versions = 0
    await fc.assert(
      fc.asyncProperty(name, async (pkg) => {
        const [spelling = '', ...others] = spellings(pkg)
        const version = `1.0.${versions++}`
        const body = await publishBody({ name: pkg, version })
        const answer = await call('PUT', spelling, body)
        // The house takes no address with a segment that ends with a dot, whatever npm makes of such a name.
        if (!takes(checkNewName, pkg) || pkg.split('/').some((each) => each.endsWith('.'))) {
          expect(answer.status, JSON.stringify(pkg)).to.be.oneOf([400, 404, 405])
          expect(await house.storedFiles()).to.have.length([...published.values()].join(',').split(',').filter(Boolean).length)
          return
        }
        expect(answer.status, `${JSON.stringify(pkg)}: ${answer.text()}`).to.equal(201)
        published.set(pkg, [published.get(pkg), version].filter(Boolean).join(','))
        const bodies = await Promise.all([spelling, ...others].map(async (each) => (await call('GET', each)).text()))
        expect(new Set(bodies).size, JSON.stringify(pkg)).to.equal(1)
        const file = `${pkg.slice(pkg.indexOf('/') + 1)}-${version}.tgz`
        for (const each of [spelling, ...others])
          expect((await call('GET', `${each}/-/${file}`)).status, `${each}/-/${file}`).to.equal(200)
        expect((await call('GET', `-/package/${spelling}/dist-tags`)).json()).to.deep.equal({ latest: version })
      }),
      { numRuns: runs },
    )
    for (const [pkg, all] of published) {
      const { name: own, versions: served } = (await call('GET', spellings(pkg)[0] ?? '')).json() as {
        name: string
        versions: object
      }
      expect([own, Object.keys(served)], JSON.stringify(pkg)).to.deep.equal([pkg, all.split(',')])
    }
    expect((await house.storedFiles()).length).to.equal([...published.values()].join(',').split(',').length)
    expect(published.size).to.be.greaterThan(20)
  })

  it('that nobody has published are answered alike, and say what is wrong with them where something is', async () => {
    await fc.assert(
      fc.asyncProperty(name, async (pkg) => {
        if (published.has(pkg)) return
        const answers = await Promise.all(spellings(pkg).map((each) => call('GET', each)))
        for (const { status } of answers) {
          if (takes(checkName, pkg)) expect(status, JSON.stringify(pkg)).to.be.oneOf([404, 400])
          else expect(status, JSON.stringify(pkg)).to.be.oneOf([400, 404, 405])
        }
        expect(new Set(answers.map(({ status }) => status)).size, JSON.stringify(pkg)).to.equal(1)
      }),
      { numRuns: runs },
    )
  })

  it('of members of every object are packages, versions and tags like any other', async () => {
    const own = await openHouse({ plugins: [npm], repositories: [{ name: 'js', format: 'npm' }] })
    try {
      const odd = ['constructor', 'tostring', 'hasownproperty', '--', '1', 'nul', 'con.js', '1.0.0', '@con/nul', '@-/-']
      for (const pkg of odd) {
        const target = `/acme/js/${pkg.replace('/', '%2f')}`
        const body = JSON.stringify(await publishBody({ name: pkg, version: '1.0.0' }))
        expect([pkg, (await own.call('PUT', target, { body })).status]).to.deep.equal([pkg, 201])
        for (const tag of ['constructor', '__proto__', 'toString']) {
          const tagged = await own.call('PUT', `/acme/js/-/package/${pkg.replace('/', '%2f')}/dist-tags/${tag}`, {
            body: '"1.0.0"',
          })
          expect([pkg, tag, tagged.status, tagged.text()].slice(0, 3)).to.deep.equal([pkg, tag, 201])
        }
        const text = (await own.call('GET', target)).text()
        expect(text, pkg).to.include(
          '"dist-tags":{"__proto__":"1.0.0","constructor":"1.0.0","latest":"1.0.0","toString":"1.0.0"}',
        )
        const tarball = await own.call('GET', `/acme/js/${pkg}/-/${pkg.slice(pkg.indexOf('/') + 1)}-1.0.0.tgz`)
        expect([pkg, tarball.status]).to.deep.equal([pkg, 200])
      }
      const found = (await own.call('GET', '/acme/js/-/v1/search?text=&size=100')).json() as {
        objects: { package: { name: string } }[]
      }
      expect(found.objects.map((each) => each.package.name).sort()).to.deep.equal([...odd].sort())
      for (const known of ['ping', 'whoami', 'v1/search?text=x'])
        expect((await own.call('GET', `/acme/js/-/${known}`)).status, known).to.equal(200)
      const control = await own.call('PUT', '/acme/js/-', {
        body: JSON.stringify(await publishBody({ name: '-', version: '1.0.0' })),
      })
      expect([control.status, control.json()]).to.deep.equal([404, { error: 'Not found' }])
      for (const unknown of ['-/all', '-/1.0.0', '-/latest', '-/nope', '-/-rev/1'])
        expect((await own.call('GET', `/acme/js/${unknown}`)).status, unknown).to.be.oneOf([404, 405])
    } finally {
      await own.close()
    }
  })
})
