import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { expect } from 'chai'
import { withVersion } from '../client-version.js'
import { RawWorkplace, strangeNames } from '../raw-workplace.js'

describe(withVersion('rclone'), function () {
  this.timeout(120_000)
  let place: RawWorkplace
  let obscured = ''
  before(async function () {
    place = await RawWorkplace.open(this, 'rclone')
    obscured = (await place.succeed('obscure', place.target.token)).stdout.trim()
  })
  after(() => place?.close())
  const none = ['--config', '/dev/null', '--retries', '1']
  const http = (...words: string[]) => place.succeed(...words, ...none, '--http-url', place.signed())
  const dav = (...words: string[]) =>
    place.succeed(...words, ...none, '--webdav-url', place.base('dav'), '--webdav-user', 'ci', '--webdav-pass', obscured)

  it('copies a folder by its listing, whatever its files are called', async () => {
    for (const name of strangeNames) await place.put(`mirror/${name}`, `bytes of ${name}`)
    await http('copy', ':http:mirror', 'copied')
    expect(await place.files('copied')).to.deep.equal([...strangeNames].sort())
    for (const name of strangeNames) expect(await place.read(`copied/${name}`)).to.equal(`bytes of ${name}`)
    const listed = (await http('lsf', '--recursive', '--format', 'ps', ':http:mirror/sub')).stdout
    expect(listed.split('\n').sort()).to.include('deep/f.txt;23')
  })

  it('synchronizes a folder over WebDAV, moves and removes what is no longer there', async () => {
    await mkdir(join(place.folder, 'local/sub'), { recursive: true })
    await place.write('local/one.txt', 'one')
    await place.write('local/sub/two words é.txt', 'two')
    await dav('sync', 'local', ':webdav:synced')
    expect(await place.stored('synced/', 'dav')).to.deep.equal(['one.txt', 'sub/two words é.txt'])
    await place.write('local/one.txt', 'one, longer')
    await dav('sync', 'local', ':webdav:synced')
    expect(await place.get('synced/one.txt', 'dav')).to.equal('one, longer')
    await dav('moveto', ':webdav:synced/one.txt', ':webdav:synced/moved.txt')
    await dav('check', '--download', '--one-way', ':webdav:synced/sub', 'local/sub')
    await dav('purge', ':webdav:synced')
    expect(await place.stored('', 'dav')).to.deep.equal([])
  })
})
