import { chmod } from 'node:fs/promises'
import { join } from 'node:path'
import { expect } from 'chai'
import { withVersion } from '../client-version.js'
import { RawWorkplace } from '../raw-workplace.js'

describe(withVersion('cadaver', 'cadaver', '-V'), function () {
  this.timeout(120_000)
  let place: RawWorkplace
  before(async function () {
    place = await RawWorkplace.open(this, 'cadaver')
    await place.write('.netrc', `machine 127.0.0.1 login ci password ${place.target.token}\n`)
    await chmod(join(place.folder, '.netrc'), 0o600)
  })
  after(() => place?.close())
  const cadaver = async (...lines: string[]) => (await place.converse([place.base('dav')], [...lines, 'quit'])).output

  it('makes folders, puts and gets files, lists them, copies, moves and removes', async () => {
    await place.write('f.txt', 'content of f')
    const first = await cadaver('mkcol new', 'mkcol new/sub', 'cd new', 'put f.txt', 'copy f.txt sub/copied.txt', 'ls', 'ls sub')
    expect(first).not.to.match(/failed/)
    expect(first)
      .to.match(/Coll:\s+sub/)
      .and.match(/f\.txt\s+12 /)
      .and.match(/copied\.txt\s+12 /)
    expect(await place.stored('new/', 'dav')).to.deep.equal(['f.txt', 'sub/copied.txt'])

    const second = await cadaver('move new/f.txt new/moved.txt', 'get new/moved.txt got.txt', 'cat new/sub/copied.txt')
    expect(second).not.to.match(/failed/)
    expect([await place.read('got.txt'), second.includes('content of f')]).to.deep.equal(['content of f', true])
    expect(await cadaver('mkcol new'), 'it is there').to.match(/failed:\s+405/)

    expect(await cadaver('delete new/moved.txt', 'rmcol new')).not.to.match(/failed/)
    expect(await place.stored('', 'dav')).to.deep.equal([])
  })

  it('is told that nothing is locked here', async () => {
    await place.put('f.txt', 'x', 'dav')
    expect(await cadaver('lock f.txt')).to.match(/405|failed/)
  })
})
