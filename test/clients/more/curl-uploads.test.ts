import { expect } from 'chai'
import { withVersion } from '../client-version.js'
import { RawWorkplace } from '../raw-workplace.js'

describe(withVersion('curl').replace('curl', 'curl, resuming'), function () {
  this.timeout(120_000)
  let place: RawWorkplace
  before(async function () {
    place = await RawWorkplace.open(this, 'curl')
  })
  after(() => place?.close())
  const curl = (...words: string[]) => place.succeed('-sS', '--max-time', '60', '-u', `ci:${place.target.token}`, ...words)
  const header = (output: string, name: string) => new RegExp(`^${name}: (.+?)\\r?$`, 'im').exec(output)?.[1] ?? ''
  const content = Array.from({ length: 200_000 }, (_, line) => `line ${line}`).join('\n')

  it('uploads a file in parts by the IETF draft, asks where it stands, and ends it', async () => {
    await place.write('first.part', content.slice(0, 700_000))
    const begun = await curl('-i', '-H', 'Upload-Complete: ?0', '-T', 'first.part', `${place.base()}up/large.bin`)
    const upload = header(begun.stdout, 'location')
    const asked = await curl('-I', upload)
    expect([header(asked.stdout, 'upload-offset'), header(asked.stdout, 'upload-complete')]).to.deep.equal(['700000', '?0'])
    expect(await place.get('up/large.bin')).to.equal(undefined)
    await place.write('rest.part', content.slice(700_000))
    const part = ['-H', 'Content-Type: application/partial-upload', '-H', 'Upload-Offset: 700000', '-H', 'Upload-Complete: ?1']
    const ended = await curl('-i', '-X', 'PATCH', ...part, '--data-binary', '@rest.part', upload)
    expect(ended.stdout).to.match(/^HTTP\/1\.1 201 /m)
    expect((await place.get('up/large.bin')) === content).to.equal(true)
  })

  it('goes on behind what a cut connection brought, also after the server was killed', async () => {
    await place.write('whole.bin', content)
    const created = await curl(
      '-i',
      '-X',
      'PUT',
      '-H',
      'Upload-Complete: ?0',
      '-H',
      'Content-Length: 0',
      `${place.base()}up/cut.bin`,
    )
    const upload = header(created.stdout, 'location')
    const part = ['-X', 'PATCH', '-H', 'Content-Type: application/partial-upload', '-H', 'Upload-Complete: ?1']
    const cut = await place.run(
      ...['-sS', '--max-time', '3', '--limit-rate', '400k', '-u', `ci:${place.target.token}`, ...part],
      ...['-H', 'Upload-Offset: 0', '-T', 'whole.bin', upload],
    )
    expect(cut.status, 'cut by its own clock').to.equal(28)
    const offset = async () => Number(header((await curl('-I', upload)).stdout, 'upload-offset'))
    const brought = await offset()
    expect(brought).to.be.within(1, content.length - 1)

    await place.restart()
    expect(await offset(), 'what was told is still there').to.equal(brought)
    await place.write('rest.part', content.slice(brought))
    await curl('-f', ...part, '-H', `Upload-Offset: ${brought}`, '--data-binary', '@rest.part', upload)
    expect((await place.get('up/cut.bin')) === content).to.equal(true)
  })

  it('is refused a file that does not fit its digest', async () => {
    await place.write('f.txt', 'content')
    const wrong = await place.run(
      '-sS',
      '-f',
      '-u',
      `ci:${place.target.token}`,
      '-H',
      `X-Checksum-Sha256: ${'0'.repeat(64)}`,
      '-T',
      'f.txt',
      `${place.base()}f.txt`,
    )
    expect(wrong.status).to.equal(22)
    expect(await place.get('f.txt')).to.equal(undefined)
  })

  it('of many that create one file at once, spread over two workers, one is told 201 and the others 412', async () => {
    const workers = await RawWorkplace.open(this.ctx as unknown as Mocha.Context, 'curl', 'curl', { CLOUDREPO_WORKERS: '2' })
    try {
      for (let round = 0; round < 5; round++) {
        const address = `${workers.base()}race-${round}`
        const words = ['-sS', '-o', '/dev/null', '-w', '%{http_code}', '-u', `ci:${workers.target.token}`, '-X', 'PUT']
        const racers = Array.from({ length: 8 }, (_, racer) =>
          workers.succeed(...words, '-H', 'If-None-Match: *', '--data-binary', `racer ${racer}`, address),
        )
        const answers = (await Promise.all(racers)).map(({ stdout }) => stdout)
        expect([...answers].sort()).to.deep.equal(['201', ...Array(7).fill('412')])
        expect(await workers.get(`race-${round}`)).to.equal(`racer ${answers.indexOf('201')}`)
      }
    } finally {
      await workers.close()
    }
  })
})
