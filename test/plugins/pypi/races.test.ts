import { createHash } from 'node:crypto'
import { expect } from 'chai'
import pypi from '../../../plugins/pypi/index.js'
import { type House, openHouse } from '../../support/house.js'
import { buildSdist } from '../../support/sdist-builder.js'
import { type BuiltFile, buildWheel } from '../../support/wheel-builder.js'
import { json, upload } from './pypi-house.js'

const pairs = Number(process.env['RACE_PAIRS'] ?? 200)
const digest = (content: Buffer) => createHash('sha256').update(content).digest('hex')

interface Page {
  readonly versions: readonly string[]
  readonly files: readonly { readonly filename: string; readonly url: string; readonly hashes: { readonly sha256: string } }[]
}

for (const processes of [1, 2] as const)
  describe(`uploads to one Python index at the same time, by ${processes === 1 ? 'one process' : 'two processes'}`, function () {
    this.timeout(300_000)
    let houses: readonly House[]
    before(async () => {
      const first = await openHouse({ plugins: [pypi], repositories: [{ name: 'py', format: 'pypi' }], store: 'files' })
      houses = processes === 1 ? [first] : [first, await openHouse({ plugins: [pypi], beside: first })]
    })
    after(async () => {
      for (const house of [...houses].reverse()) await house.close()
    })

    const at = (index: number) => houses[index % houses.length] as House
    const page = async (project: string): Promise<Page> =>
      (await at(0).call('GET', `/acme/py/simple/${project}/`, { headers: { accept: json } })).json() as Page
    const both = (files: readonly BuiltFile[], name: string, version: string) =>
      Promise.all(files.map((file, index) => upload(at(index), file, name, version)))

    it(`of two contents of one file one wins, ${pairs} times, and its bytes are what everybody gets`, async () => {
      const outcome = { first: 0, second: 0 }
      for (let round = 0; round < pairs; round++) {
        const [name, version] = [`raced-${round % 7}`, `1.${round}`]
        const files = ['one', 'two'].map((text) => buildWheel({ name, version, files: { 'text.txt': text } }))
        const order = round % 2 === 0 ? files : [...files].reverse()
        const answers = await both(order, name, version)
        const won = answers.findIndex(({ status }) => status === 200)
        const [winner, loser] = [order[won], answers[1 - won]]
        expect(answers.map(({ status }) => status).sort()).to.deep.equal([200, 400])
        expect(loser?.reason).to.equal(`File already exists ('${winner?.filename}', with sha256 hash '${winner?.sha256}').`)
        const listed = (await page(name)).files.filter(({ filename }) => filename === winner?.filename)
        expect(listed.map(({ hashes }) => hashes.sha256)).to.deep.equal([winner?.sha256])
        for (const index of [0, 1]) {
          const got = await at(index).call('GET', `/acme/py/files/${winner?.sha256}/${winner?.filename}`)
          expect([got.status, digest(got.body)]).to.deep.equal([200, winner?.sha256])
          const metadata = await at(index).call('GET', `/acme/py/files/${winner?.sha256}/${winner?.filename}.metadata`)
          expect(metadata.body.toString()).to.equal(winner?.metadata)
        }
        outcome[winner === files[0] ? 'first' : 'second'] += 1
      }
      process.stdout.write(`      ${outcome.first} won by one content, ${outcome.second} by the other\n`)
    })

    it('of two spellings of one file one wins', async () => {
      for (let round = 0; round < 20; round++) {
        const version = `2.${round}.0`
        const wheel = buildWheel({ name: 'spelled', version, files: { 'a.txt': 'a' } })
        const other = { ...wheel, filename: `Spelled-2.${round}-py3-none-any.whl` }
        const answers = await both([wheel, other], 'spelled', version)
        expect(answers.map(({ status }) => status).sort()).to.deep.equal([200, 400])
        expect(answers.find(({ status }) => status === 400)?.reason).to.match(/^File already exists \(/)
        expect((await page('spelled')).versions).to.have.length(round + 1)
        expect((await page('spelled')).files).to.have.length(round + 1)
      }
    })

    it('the same bytes twice are two successes and one file, also where the project is new', async () => {
      for (let round = 0; round < 20; round++) {
        const name = `twice-${round}`
        const wheel = buildWheel({ name, version: '1.0' })
        const answers = await both([wheel, wheel], name, '1.0')
        expect(answers.map(({ status }) => status)).to.deep.equal([200, 200])
        expect((await page(name)).files).to.have.length(1)
      }
    })

    it('wheel and source distribution of a new project are both there', async () => {
      for (let round = 0; round < 20; round++) {
        const name = `new-${round}`
        const files = [buildWheel({ name, version: '1.0' }), await buildSdist({ name, version: '1.0' })]
        const answers = await both(files, name, '1.0')
        expect(answers.map(({ status }) => status)).to.deep.equal([200, 200])
        expect((await page(name)).files.map(({ filename }) => filename).sort()).to.deep.equal(
          files.map(({ filename }) => filename).sort(),
        )
      }
    })

    it('every release that was answered is on the next page of either process', async () => {
      for (let round = 0; round < 20; round++) {
        const version = `3.${round}`
        expect((await upload(at(round), buildWheel({ name: 'seen', version }), 'seen', version)).status).to.equal(200)
        const asked = await at(round + 1).call('GET', '/acme/py/simple/seen/', { headers: { accept: json } })
        expect((asked.json() as Page).versions.at(-1)).to.equal(version)
      }
    })
  })
