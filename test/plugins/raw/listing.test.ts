import { createHash } from 'node:crypto'
import { expect } from 'chai'
import raw from '../../../plugins/raw/index.js'
import { type House, openHouse } from '../../support/house.js'

const names = [
  ...[
    'x y.txt',
    'é.txt',
    '100%.txt',
    'q?x.txt',
    'h#x.txt',
    '<b>&".txt',
    "it's.txt",
    '[br].txt',
    'a+b.txt',
    '..dots.txt',
    'a:b.txt',
  ],
]
const sha256 = (text: string) => createHash('sha256').update(text).digest('hex')

interface Listing {
  readonly path: string
  readonly entries: readonly { readonly name: string; readonly type: string }[]
  readonly next: string | null
}

describe('listings of raw folders', () => {
  let house: House
  before(async () => {
    house = await openHouse({
      plugins: [raw],
      repositories: [
        { name: 'files', format: 'raw' },
        { name: 'empty', format: 'raw' },
      ],
    })
    for (const name of [...names, 'sub/deep/f', 'sub/g']) {
      const target = `/acme/files/a/${name.split('/').map(encodeURIComponent).join('/')}`
      expect((await house.call('PUT', target, { body: name })).status).to.equal(201)
    }
  })
  after(() => house.close())

  const get = (target: string, headers: Record<string, string> = {}) => house.call('GET', target, { headers })

  it('as HTML are the page that wget, lftp and rclone read', async () => {
    const answer = await get('/acme/files/a/')
    expect(answer.status).to.equal(200)
    expect(answer.headers['content-type']).to.equal('text/html; charset=utf-8')
    expect(answer.headers['content-security-policy']).to.equal("sandbox; default-src 'none'; frame-ancestors 'none'")
    expect(answer.text()).to.equal(
      [
        '<!DOCTYPE html>',
        '<html lang="en"><head><meta charset="utf-8"><title>Index of /a/</title></head><body><h1>Index of /a/</h1>',
        '<ul>',
        '<li><a href="../">../</a></li>',
        '<li><a href="./..dots.txt">..dots.txt</a></li>',
        '<li><a href="./100%25.txt">100%.txt</a></li>',
        '<li><a href="./%3Cb%3E%26%22.txt">&lt;b&gt;&amp;&quot;.txt</a></li>',
        '<li><a href="./%5Bbr%5D.txt">[br].txt</a></li>',
        '<li><a href="./a%2Bb.txt">a+b.txt</a></li>',
        '<li><a href="./a%3Ab.txt">a:b.txt</a></li>',
        '<li><a href="./h%23x.txt">h#x.txt</a></li>',
        '<li><a href="./it%27s.txt">it&#39;s.txt</a></li>',
        '<li><a href="./q%3Fx.txt">q?x.txt</a></li>',
        '<li><a href="./sub/">sub/</a></li>',
        '<li><a href="./x%20y.txt">x y.txt</a></li>',
        '<li><a href="./%C3%A9.txt">é.txt</a></li>',
        '</ul></body></html>',
        '',
      ].join('\n'),
    )
  })

  it('of the root lead nowhere above it', async () => {
    expect((await get('/acme/files/')).text()).to.equal(
      '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8"><title>Index of /</title></head><body><h1>Index of /</h1>\n' +
        '<ul>\n<li><a href="./a/">a/</a></li>\n</ul></body></html>\n',
    )
  })

  it('every link of the page leads to its file', async () => {
    const page = (await get('/acme/files/a/')).text()
    for (const [, href = ''] of page.matchAll(/href="\.\/([^"]+)"/g)) {
      expect((await get(`/acme/files/a/${href}`)).status, href).to.equal(200)
    }
  })

  it('as JSON tell of each file what HEAD would', async () => {
    const answer = await get('/acme/files/a/sub/', { accept: 'application/json' })
    const modified = new Date((await house.call('HEAD', '/acme/files/a/sub/g')).headers['last-modified'] ?? '')
    const listing = answer.json() as { entries: { modified?: string }[] }
    const file = listing.entries[1]
    expect(answer.headers['content-type']).to.equal('application/json')
    expect(Math.floor(Date.parse(file?.modified ?? '') / 1000)).to.equal(modified.getTime() / 1000)
    expect(listing).to.deep.equal({
      path: 'a/sub/',
      entries: [
        { name: 'deep', type: 'directory' },
        {
          name: 'g',
          type: 'file',
          size: 5,
          modified: file?.modified,
          etag: `"${sha256('sub/g')}"`,
          sha256: sha256('sub/g'),
          contentType: 'application/octet-stream',
        },
      ],
      next: null,
    })
  })

  it('as JSON come in pages, in byte order, each entry once', async () => {
    const seen: string[] = []
    let cursor: string | null = ''
    let pages = 0
    while (cursor !== null) {
      const listing = (
        await get(`/acme/files/a/?format=json&limit=5${cursor === '' ? '' : `&cursor=${cursor}`}`)
      ).json() as Listing
      seen.push(...listing.entries.map(({ name }) => name))
      cursor = listing.next
      pages += 1
    }
    const bytewise = [...names, 'sub'].sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)))
    expect(seen).to.deep.equal(bytewise)
    expect(pages).to.equal(3)
  })

  it('in HTML go on with a plain link', async () => {
    const page = (await get('/acme/files/a/?limit=3')).text()
    const [, next = ''] = /<a href="(\?[^"]+)">next<\/a>/.exec(page) ?? []
    expect(page.match(/<li>/g)).to.have.length(4)
    expect((await get(`/acme/files/a/${next.replace('&amp;', '&')}`)).text()).to.match(
      /<li>.*\[br\]\.txt.*\n<li>.*a\+b.*\n<li>.*a:b.*\n<\/ul>/,
    )
  })

  const accepts: readonly (readonly [accept: string | undefined, json: boolean])[] = [
    [undefined, false],
    ['*/*', false],
    ['*/*,application/metalink4+xml', false],
    ['application/json', true],
    ['application/json, text/html;q=0.9', true],
    ['text/html, application/json;q=0.9', false],
    ['text/html,application/xhtml+xml,*/*;q=0.8', false],
    ['application/*;q=1, text/*;q=0.5', true],
    ['application/json;q=0', false],
    ['application/json, */*', false],
  ]
  for (const [accept, isJson] of accepts) {
    it(`Accept ${accept ?? 'absent'} gets ${isJson ? 'JSON' : 'HTML'}`, async () => {
      const { headers } = await get('/acme/files/a/', accept === undefined ? {} : { accept })
      expect(headers['content-type']).to.equal(isJson ? 'application/json' : 'text/html; charset=utf-8')
      expect(headers['vary']?.toLowerCase()).to.include('accept')
    })
  }

  it('?format decides before Accept does', async () => {
    expect((await get('/acme/files/a/?format=html', { accept: 'application/json' })).headers['content-type']).to.include('html')
    expect((await get('/acme/files/a/?format=xml')).status).to.equal(400)
  })

  it('refuse a cursor and a limit that make no sense', async () => {
    for (const query of ['limit=0', 'limit=-1', 'limit=x', 'cursor=', 'cursor=%2F', 'cursor=YS9i', 'cursor=gA']) {
      expect((await get(`/acme/files/a/?format=json&${query}`)).status, query).to.equal(400)
    }
  })

  it('have a weak tag: unchanged is 304', async () => {
    const { headers } = await get('/acme/files/a/')
    expect(headers['etag']).to.match(/^W\/"/)
    expect((await get('/acme/files/a/', { 'if-none-match': headers['etag'] ?? '' })).status).to.equal(304)
  })

  it('a folder without its slash is sent there, by an address built from its canonical name', async () => {
    for (const [target, location] of [
      ['/acme/files/a/sub', '/acme/files/a/sub/'],
      ['/acme/files//a//sub', '/acme/files/a/sub/'],
      ['/acme/files/a/sub?format=json', '/acme/files/a/sub/?format=json'],
      ['/acme/files', '/acme/files/'],
      ['/acme/files?format=json', '/acme/files/?format=json'],
      ['/acme/empty', '/acme/empty/'],
    ] as const) {
      const answer = await get(target)
      expect([answer.status, answer.headers['location']]).to.deep.equal([301, house.url + location])
    }
  })

  it('answer HEAD like GET', async () => {
    const whole = await get('/acme/files/a/')
    const answer = await house.call('HEAD', '/acme/files/a/')
    expect([answer.status, answer.headers['content-length'], answer.body.length]).to.deep.equal([
      200,
      String(whole.body.length),
      0,
    ])
    expect((await house.call('HEAD', '/acme/files/a/sub')).status).to.equal(301)
  })

  it('a folder without files is 404; an empty repository has an empty root', async () => {
    expect((await get('/acme/files/none/')).status).to.equal(404)
    expect((await get('/acme/files/a/x%20y.txt/')).status).to.equal(404)
    const { status, ...answer } = await get('/acme/empty/?format=json')
    expect([status, answer.json()]).to.deep.equal([200, { path: '', entries: [], next: null }])
  })

  it('are not for strangers, nor for members without the right', async () => {
    expect((await house.call('GET', '/acme/files/a/', { as: 'nobody' })).status).to.equal(401)
    expect((await house.call('GET', '/acme/files/a/', { as: 'bert' })).status).to.equal(401)
    expect((await house.call('GET', '/acme/files/a/', { as: 'gus' })).status).to.equal(404)
    expect((await house.call('GET', '/beta/files/', { as: 'bert' })).text()).not.to.include('<li>')
  })
})
