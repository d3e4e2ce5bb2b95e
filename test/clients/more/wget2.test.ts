import { expect } from 'chai'
import { withVersion } from '../client-version.js'
import { RawWorkplace, strangeNames } from '../raw-workplace.js'

describe(withVersion('wget2'), function () {
  this.timeout(120_000)
  let place: RawWorkplace
  before(async function () {
    place = await RawWorkplace.open(this, 'wget2')
  })
  after(() => place?.close())
  const wget2 = (...words: string[]) =>
    place.succeed('-q', '--tries=1', '--auth-no-challenge', '--http-user=ci', `--http-password=${place.target.token}`, ...words)

  it('mirrors a folder by its listing, whatever its files are called', async () => {
    for (const name of strangeNames) await place.put(`mirror/${name}`, `bytes of ${name}`)
    await wget2('-r', '--no-parent', '-nH', '--cut-dirs=2', '--restrict-file-names=none', `${place.base()}mirror/`)
    const mirrored = (await place.files('mirror')).filter((name) => !/(?:^|\/)index\.html/.test(name))
    expect(mirrored).to.deep.equal([...strangeNames].sort())
    for (const name of strangeNames) expect(await place.read(`mirror/${name}`)).to.equal(`bytes of ${name}`)
  })
})
