import { gzipSync } from 'node:zlib'
import { expect } from 'chai'
import raw from '../../../plugins/raw/index.js'
import { type House, openHouse, type Somebody } from '../../support/house.js'
import { type TarMember, tarball } from '../../support/tar-builder.js'
import { buildZip, type ZipEntry } from '../../support/zip-builder.js'
import { emptyShelves } from './empty-shelves.js'

const explode = { 'x-explode-archive': 'true' }

describe('an archive that is to be unpacked', () => {
  let house: House
  let blobs = 0
  before(async () => {
    house = await openHouse({
      plugins: [raw],
      repositories: [
        { name: 'files', format: 'raw' },
        { name: 'once', format: 'raw', writePolicy: 'once' },
        { name: 'small', format: 'raw', maxSize: 1000 },
      ],
    })
  })
  after(() => house.close())
  beforeEach(async () => {
    blobs = await emptyShelves(house)
  })

  const put = (body: Uint8Array, target = '/acme/files/d/', headers: Record<string, string> = explode, as: Somebody = 'dora') =>
    house.call('PUT', target, { body, headers, as })
  const stored = async () => (await house.storedFiles()).map((path) => path.replace('acme/files/', ''))
  const members = [
    { name: 'a.txt', content: 'one' },
    { name: 'sub/b.txt', content: 'two' },
    { name: 'sub/empty', content: '' },
  ]

  for (const [form, pack] of [
    ['zip', async (files: readonly { name: string; content: string }[]) => buildZip(files)],
    ['tar.gz', async (files: readonly { name: string; content: string }[]) => tarball(files)],
  ] as const) {
    it(`as ${form} becomes its files, below the folder it is put to or beside the name it has`, async () => {
      const archive = await pack(members.map(({ name, content }) => ({ name, content: content && `${content} ${form}` })))
      const answer = await put(archive)
      expect([answer.status, answer.json()]).to.deep.equal([201, { files: 3, created: 3, replaced: 0, same: 0 }])
      expect(await stored()).to.deep.equal(['d/a.txt', 'd/sub/b.txt', 'd/sub/empty'])
      expect((await house.call('GET', '/acme/files/d/sub/b.txt')).text()).to.equal(`two ${form}`)
      expect((await house.storedBlobs()) - blobs, 'the archive itself is not kept').to.equal(form === 'zip' ? 3 : 2)
      expect((await put(archive, `/acme/files/x/archive.${form}`, { 'x-explode-archive-atomic': 'true' })).status).to.equal(201)
      expect((await put(archive, '/acme/files/')).json()).to.deep.include({ files: 3 })
      expect(await stored())
        .to.include.members(['x/a.txt', 'a.txt'])
        .and.not.include(`x/archive.${form}`)
    })

    it(`as ${form} of more files than a commit takes appears at once`, async () => {
      const many = Array.from({ length: 300 }, (_, at) => ({ name: `f${at}`, content: `content ${at}` }))
      expect((await put(await pack(many))).json()).to.deep.equal({ files: 300, created: 300, replaced: 0, same: 0 })
      expect((await house.call('GET', '/acme/files/d/f299')).text()).to.equal('content 299')
      expect(await stored()).to.have.length(300)
    })
  }

  it('replaces, keeps what is the same, and goes by the policy as a whole', async () => {
    await put(buildZip(members))
    const next = [{ name: 'a.txt', content: 'other' }, ...members.slice(1), { name: 'new', content: 'new' }]
    expect((await put(buildZip(next))).json()).to.deep.equal({ files: 4, created: 1, replaced: 1, same: 2 })
    await put(buildZip(members), '/acme/once/d/')
    expect((await put(buildZip(next), '/acme/once/d/')).status).to.equal(409)
    expect((await house.call('GET', '/acme/once/d/new')).status).to.equal(404)
  })

  const hostile: readonly (readonly [what: string, name: string])[] = [
    ['climbs', '../evil'],
    ['climbs from within', 'a/../../evil'],
    ['is absolute', '/etc/passwd'],
    ['has a drive', 'C:/evil'],
    ['has a backslash', 'a\\..\\evil'],
    ['holds a NUL', 'a\u0001b'],
    ['names the control area', '../-/tus/x'],
    ['is a dot', 'a/./b/..'],
    ['is invisible', 'a\u200bb'],
    ['turns the text around', 'a\u202eb'],
    ['is too long', 'n'.repeat(256)],
  ]
  for (const [what, name] of hostile) {
    it(`with a name that ${what} is refused whole, with 400`, async () => {
      const files = [members[0] as { name: string; content: string }, { name, content: 'x' }]
      for (const archive of [buildZip(files as ZipEntry[]), await tarball(files)]) {
        expect((await put(archive)).status).to.equal(400)
        expect([await stored(), await house.storedBlobs()]).to.deep.equal([[], blobs])
      }
    })
  }

  it('at the root may not name the control area', async () => {
    expect((await put(buildZip([{ name: '-/tus/x', content: 'x' }]), '/acme/files/')).status).to.equal(400)
  })

  it('with links, devices, names that meet, or a file that is a folder is refused whole, with 400', async () => {
    const file = { name: 'a', content: 'x' }
    const tars: readonly (readonly TarMember[])[] = [
      [file, { name: 'link', type: 'symlink', linkname: '/etc/passwd' }],
      [file, { name: 'link', type: 'link', linkname: 'a' }],
      [file, { name: 'null', type: 'character-device' }],
      [file, { name: 'A', content: 'y' }],
      [file, { name: './a', content: 'y' }],
      [
        { name: 'caf\u00e9', content: 'x' },
        { name: 'cafe\u0301', content: 'y' },
      ],
      [file, { name: 'a/b', content: 'y' }],
      [{ name: 'a/b', content: 'y' }, file],
      [],
    ]
    for (const tar of tars) {
      expect((await put(await tarball(tar))).status, JSON.stringify(tar)).to.equal(400)
      expect([await stored(), await house.storedBlobs()]).to.deep.equal([[], blobs])
    }
  })

  it('that would unpack to a hundred times its size is refused before it does', async () => {
    const zeros = Buffer.alloc(20 * 1024 * 1024)
    expect((await put(await tarball([{ name: 'bomb', content: zeros }]))).status).to.equal(400)
    expect((await put(buildZip([{ name: 'bomb', content: zeros, method: 8 }]))).status).to.equal(400)
    expect([await stored(), await house.storedBlobs()]).to.deep.equal([[], blobs])
  })

  it('that is none, is damaged, or ends early is refused with 400', async () => {
    const zip = buildZip(members)
    const tar = await tarball(members)
    const damaged = buildZip([{ name: 'a.txt', content: 'one', method: 0 }])
    const at = damaged.indexOf('one')
    damaged[at] = 0x78
    for (const body of [
      ...[Buffer.from('text'), Buffer.alloc(0), zip.subarray(0, zip.length - 30), tar.subarray(0, tar.length - 20)],
      ...[gzipSync('no tar at all'.repeat(100)), damaged],
    ])
      expect((await put(body)).status).to.equal(400)
    expect([await stored(), await house.storedBlobs()]).to.deep.equal([[], blobs])
  })

  it('holds limits, digests, rights and what stands there, for all of it', async () => {
    const archive = buildZip([...members, { name: 'large', content: 'x'.repeat(2000), method: 8 }])
    expect((await put(archive, '/acme/small/d/')).status).to.equal(413)
    expect((await put(archive, '/acme/files/d/', { ...explode, 'x-checksum-sha256': '0'.repeat(64) })).status).to.equal(400)
    expect((await put(archive, '/acme/files/d/', explode, 'rita')).status).to.equal(403)
    expect((await put(archive, '/acme/files/d/', {})).status, 'nobody said that it is to be unpacked').to.equal(400)
    await house.call('PUT', '/acme/files/d/sub', { body: 'a file' })
    expect((await put(archive)).status).to.equal(409)
    await house.call('PUT', '/acme/files/e/a.txt/below', { body: 'x' })
    expect((await put(archive, '/acme/files/e/')).status).to.equal(409)
    expect(await stored()).to.deep.equal(['d/sub', 'e/a.txt/below'])
  })

  it('under a condition, which is of one file, or by a word that is neither true nor false, is refused and not stored as it is', async () => {
    const zip = buildZip(members)
    for (const name of ['if-none-match', 'if-match'])
      expect((await put(zip, '/acme/files/d/', { ...explode, [name]: '*' })).status, name).to.equal(400)
    for (const name of ['X-Explode-Archive', 'X-Explode-Archive-Atomic']) {
      const answer = await put(zip, '/acme/files/d/a.zip', { [name]: 'yes' })
      expect([answer.status, answer.text()]).to.deep.equal([400, `${name} is true or false\n`])
    }
    expect([await stored(), await house.storedBlobs()]).to.deep.equal([[], blobs])
    expect((await put(zip, '/acme/files/d/a.zip', { 'x-explode-archive': 'false' })).status).to.equal(201)
    expect(await stored()).to.deep.equal(['d/a.zip'])
  })
})
