import { expect } from 'chai'
import { withVersion } from '../client-version.js'
import { RawWorkplace, strangeNames } from '../raw-workplace.js'

describe(withVersion('lftp'), function () {
  this.timeout(120_000)
  let place: RawWorkplace
  before(async function () {
    place = await RawWorkplace.open(this, 'lftp')
  })
  after(() => place?.close())
  const lftp = (commands: string) =>
    place.succeed('-u', `ci,${place.target.token}`, '-e', `set net:max-retries 1; ${commands}; quit`, place.base())

  it('mirrors a folder by its listing, whatever its files are called', async () => {
    for (const name of strangeNames) await place.put(`mirror/${name}`, `bytes of ${name}`)
    await lftp('mirror mirror mirrored')
    expect(await place.files('mirrored')).to.deep.equal([...strangeNames].sort())
    for (const name of strangeNames) expect(await place.read(`mirrored/${name}`)).to.equal(`bytes of ${name}`)
  })

  it('puts a file, gets it, and goes on where a get had stopped', async () => {
    const content = 'x'.repeat(100_000)
    await place.write('large.bin', content)
    await lftp('put large.bin -o put/large.bin')
    expect(await place.get('put/large.bin')).to.equal(content)
    await place.write('begun.bin', content.slice(0, 40_000))
    await lftp('get -c put/large.bin -o begun.bin')
    expect((await place.read('begun.bin')) === content).to.equal(true)
  })
})
