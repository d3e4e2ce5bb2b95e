import { mkdir, mkdtemp, readdir, readFile, realpath, rm, stat, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import { isUnused, networkFileSystem, prepareDataFolder } from '../../../host/data/data-folder.js'
import { placeRootKey } from '../../../host/data/root-key-file.js'

describe('The root key and the data folder', () => {
  let place: string
  let data: string
  beforeEach(async () => {
    place = await realpath(await mkdtemp(join(tmpdir(), 'key-')))
    data = await prepareDataFolder(join(place, 'data'))
  })
  afterEach(() => rm(place, { recursive: true }))
  const refusal = (named: string | undefined, unused: boolean) =>
    placeRootKey(data, named, unused).then(
      () => 'taken',
      (error: Error) => error.message,
    )

  it('makes the folder private, and the key beside it for an empty folder', async () => {
    expect((await stat(data)).mode & 0o777).to.equal(0o700)
    expect(await placeRootKey(data, undefined, true)).to.deep.equal({ path: `${data}.key`, made: true, exposed: false })
    expect((await stat(`${data}.key`)).mode & 0o777).to.equal(0o400)
    expect(await readFile(`${data}.key`, 'utf8')).to.match(/^k1:[A-Za-z0-9+/]{43}=\n$/)
    expect(await readdir(data)).to.deep.equal([])
  })

  it('says which folder cannot be made, and why', async () => {
    const file = join(place, 'file')
    await writeFile(file, 'x')
    for (const folder of [file, join(file, 'data')]) {
      const message = await prepareDataFolder(folder).catch((error: Error) => error.message)
      expect(message).to.equal(`CLOUDREPO_DATA: the data folder ${folder} is a file, or lies below one`)
    }
    expect(await readFile(file, 'utf8')).to.equal('x')
  })

  it('keeps the key that is there', async () => {
    await placeRootKey(data, undefined, true)
    const before = await readFile(`${data}.key`, 'utf8')
    for (const unused of [true, false]) expect((await placeRootKey(data, undefined, unused)).made).to.equal(false)
    expect(await readFile(`${data}.key`, 'utf8')).to.equal(before)
  })

  it('stops where data has no key, and makes none', async () => {
    expect(await refusal(undefined, false)).to.contain('its root key')
    expect(await readdir(place)).to.deep.equal(['data'])
  })

  it('never makes a key that was named', async () => {
    const named = join(place, 'named.key')
    expect(await refusal(named, true)).to.equal(`CLOUDREPO_ROOT_KEY: ${named} cannot be read`)
    expect(await readdir(place)).to.deep.equal(['data'])
  })

  it('stops where the key lies inside the data folder, by a link too', async () => {
    await mkdir(join(data, 'deep'))
    const inside = join(data, 'deep', 'root.key')
    await writeFile(inside, 'k1:x', { mode: 0o400 })
    await symlink(inside, join(place, 'link.key'))
    for (const path of [inside, join(place, 'link.key')]) expect(await refusal(path, true)).to.contain('inside the data folder')
  })

  it('tells whether others may read the key', async () => {
    const named = join(place, 'named.key')
    await writeFile(named, 'k1:x', { mode: 0o644 })
    expect(await placeRootKey(data, named, false)).to.deep.equal({ path: named, made: false, exposed: true })
  })

  it('takes a folder for unused only while nothing but locks lies in it', async () => {
    await writeFile(join(data, 'house.lock'), '')
    expect(await isUnused(data)).to.equal(true)
    await mkdir(join(data, 'blobs'))
    expect(await isUnused(data)).to.equal(false)
  })

  it('knows network file systems', () => {
    const names = [0x6969, 0xff534d42, -11317950, 0xef53, 0x01021994].map(networkFileSystem)
    expect(names).to.deep.equal(['NFS', 'CIFS', 'CIFS', undefined, undefined])
  })
})
