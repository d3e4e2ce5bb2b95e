import { createHash } from 'node:crypto'
import { expect } from 'chai'
import raw from '../../../plugins/raw/index.js'
import { sizeText } from '../../../plugins/raw/listing-page.js'
import { FixedClock } from '../../support/fixed-clock.js'
import { type House, openHouse } from '../../support/house.js'

interface Listing {
  readonly entries: readonly { readonly name: string; readonly type: string }[]
  readonly next: string | null
}
const files = ['a-b/x', 'a.txt', 'a/b/c', 'a/b/d', 'a/z', 'b', 'ba', 'c/d', 'é/ü']
/** In the order of the store's keys: segment by segment, byte by byte. */
const inOrder = ['a-b/x', 'a.txt', 'a/b/c', 'a/b/d', 'a/z', 'b', 'ba', 'c/d', 'é/ü'].sort((one, other) =>
  Buffer.compare(Buffer.from(one.replaceAll('/', '\0')), Buffer.from(other.replaceAll('/', '\0'))),
)
const browser = { accept: 'text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8' }

describe('the forms of a raw listing', () => {
  let house: House
  const clock = new FixedClock()
  const put = (path: string, body: string) => {
    clock.advance(1000)
    return house.call('PUT', `/acme/files/${path}`, { body })
  }
  before(async () => {
    house = await openHouse({ plugins: [raw], repositories: [{ name: 'files', format: 'raw' }], clock })
    for (const path of files) await put(`tree/${encodeURI(path)}`, path)
    await put('sizes/large', 'x'.repeat(2000))
    await put('sizes/small', 'x')
    await put('sizes/folder/f', 'x')
    await put('sizes/middle', 'x'.repeat(100))
  })
  after(() => house.close())

  const get = (target: string, headers: Record<string, string> = {}) => house.call('GET', `/acme/files/${target}`, { headers })
  const json = async (query: string) => (await get(`tree/?format=json&${query}`)).json() as Listing
  const namesOf = ({ entries }: Listing) => entries.map(({ name }) => name)
  const links = (page: string) => [...page.matchAll(/<td><a href="\.\/([^"]+)"/g)].map(([, href]) => href)

  it('for people show sizes and dates', async () => {
    const page = (await get('sizes/', browser)).text()
    const modified = (await house.call('HEAD', '/acme/files/sizes/large')).headers['last-modified'] ?? ''
    const when = new Date(modified).toISOString().slice(0, 19)
    expect(page).to.include('<td class="n" title="2000 bytes">1.95 KiB</td>')
    expect(page).to.match(
      new RegExp(
        `<a href="\\./large">large</a></td><td [^>]*>1.95 KiB</td><td><time datetime="${when}\\.\\d{3}Z">${when.replace('T', ' ')} UTC</time>`,
      ),
    )
    expect(page).to.include('<td><a href="./folder/">folder/</a></td><td></td><td></td>')
    expect(page).to.include('<a href="../">../</a>')
  })

  it('for people tell where they are and how much lies there, in a look that the sandbox lets in by its hash', async () => {
    const answer = await get('tree/a/b/', browser)
    const page = answer.text()
    expect(page).to.include('<h1>Index of <a href="../../../">/</a><a href="../../">tree/</a><a href="../">a/</a>b/</h1>')
    expect(page).to.include('<p>2 files, 10 B</p>')
    expect((await get('sizes/', browser)).text()).to.include('<p>1 folder, 3 files, 2.05 KiB</p>')
    const style = /<style>([^<]*)<\/style>/.exec(page)?.[1] ?? ''
    const hash = createHash('sha256').update(style).digest('base64')
    expect(answer.headers['content-security-policy']).to.equal(
      `sandbox allow-downloads; default-src 'none'; style-src 'sha256-${hash}'; frame-ancestors 'none'`,
    )
    expect(page.replace(style, '')).to.not.match(/style=|<script|src=|url\(/)
    expect((await get('tree/a/b/')).headers['content-security-policy'], 'for tools').to.equal(
      "sandbox; default-src 'none'; frame-ancestors 'none'",
    )
  })

  it('for people are sorted by links, each the other way round the second time', async () => {
    const page = async (query: string) => (await get(`sizes/${query}`, browser)).text()
    expect(links(await page(''))).to.deep.equal(['folder/', 'large', 'middle', 'small'])
    expect(await page(''))
      .to.include('<a rel="nofollow" href="?sort=-name">Name ▲</a>')
      .and.include('href="?sort=size">Size</a>')
    expect(links(await page('?sort=-name'))).to.deep.equal(['small', 'middle', 'large', 'folder/'])
    expect(links(await page('?sort=size'))).to.deep.equal(['folder/', 'small', 'middle', 'large'])
    expect(await page('?sort=size')).to.include('href="?sort=-size">Size ▲</a>')
    expect(links(await page('?sort=-size'))).to.deep.equal(['folder/', 'large', 'middle', 'small'])
    expect(links(await page('?sort=modified'))).to.deep.equal(['folder/', 'large', 'small', 'middle'])
    expect((await get('sizes/?sort=colour', browser)).status).to.equal(400)
  })

  it('for people go on over pages by name, and are not sorted otherwise then', async () => {
    const page = (await get('sizes/?limit=2', browser)).text()
    expect(links(page)).to.deep.equal(['folder/', 'large'])
    expect(page)
      .to.include('<th scope="col">Name</th>')
      .and.match(/href="\?cursor=[\w-]+&amp;limit=2">next</)
    expect((await get('sizes/?limit=2&sort=size', browser)).status).to.equal(400)
  })

  it('that tools read have no link but those of entries, whoever asks for HTML without naming it', async () => {
    for (const headers of [{}, { accept: '*/*' }]) {
      const page = (await get('sizes/', headers)).text()
      expect([...page.matchAll(/href="([^"]*)"/g)].map(([, href]) => href)).to.deep.equal([
        ...['../', './folder/', './large', './middle', './small'],
      ])
    }
  })

  it('recursive name every file below, in the order of keys, in pages that lose and repeat nothing', async () => {
    const whole = await json('recursive=true')
    expect(namesOf(whole)).to.deep.equal(inOrder)
    expect(whole.entries.every(({ type }) => type === 'file')).to.equal(true)
    for (const limit of [1, 2, 4]) {
      const seen: string[] = []
      let cursor = ''
      do {
        const page = await json(`recursive=true&limit=${limit}${cursor}`)
        seen.push(...namesOf(page))
        cursor = page.next === null ? '' : `&cursor=${page.next}`
      } while (cursor !== '')
      expect(seen).to.deep.equal(inOrder)
    }
  })

  it('with a prefix hold what begins so, in the folder or below it', async () => {
    expect(namesOf(await json('prefix=a'))).to.deep.equal(['a', 'a-b', 'a.txt'])
    expect(namesOf(await json('prefix=b'))).to.deep.equal(['b', 'ba'])
    expect(namesOf(await json('prefix=a/b'))).to.deep.equal(['a/b'])
    expect(namesOf(await json('prefix=%C3%A9'))).to.deep.equal(['é'])
    expect(namesOf(await json('prefix=none'))).to.deep.equal([])
    expect(namesOf(await json('recursive=true&prefix=a/b'))).to.deep.equal(['a/b/c', 'a/b/d'])
    expect(namesOf(await json('recursive=true&prefix=a'))).to.deep.equal(inOrder.filter((name) => name.startsWith('a')))
    const first = await json('recursive=true&prefix=a/&limit=2')
    expect(namesOf(await json(`recursive=true&prefix=a/&limit=2&cursor=${first.next}`))).to.deep.equal(['a/z'])
  })

  it('recursive and prefix are for JSON', async () => {
    for (const query of ['recursive=true', 'prefix=a', 'format=json&recursive=perhaps'])
      expect((await get(`tree/?${query}`)).status, query).to.equal(400)
  })

  it('sizes are told in three digits', () => {
    expect([0, 1, 999, 1000, 1024, 10_240, 102_400, 1_048_576, 5 * 1024 ** 3].map(sizeText)).to.deep.equal([
      ...['0 B', '1 B', '999 B', '0.98 KiB', '1.00 KiB', '10.0 KiB', '100 KiB', '1.00 MiB', '5.00 GiB'],
    ])
  })
})
