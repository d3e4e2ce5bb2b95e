import { createHash } from 'node:crypto'
import { expect } from 'chai'
import { withVersion } from '../client-version.js'
import { RawWorkplace } from '../raw-workplace.js'

describe(withVersion('aria2', 'aria2c'), function () {
  this.timeout(120_000)
  let place: RawWorkplace
  before(async function () {
    place = await RawWorkplace.open(this, 'aria2c', 'aria2')
  })
  after(() => place?.close())
  const aria2 = (...words: string[]) =>
    place.run('--no-conf', '--http-user=ci', `--http-passwd=${place.target.token}`, '--http-auth-challenge=false', ...words)
  const content = Array.from({ length: 400_000 }, (_, line) => `line ${line}`).join('\n')

  it('gets a file in four ranges at once and verifies the digest that it asked for', async () => {
    await place.put('large.bin', content)
    const ran = await aria2('-x4', '-s4', '-k1M', '--console-log-level=info', `${place.base()}large.bin`)
    expect(ran.status, ran.output).to.equal(0)
    expect((await place.read('large.bin')) === content).to.equal(true)
    expect(ran.output).to.match(/Verification finished successfully|good hash|Digest: SHA-256=/i)
  })

  it('goes on where it stopped', async () => {
    await place.write('begun.bin', content.slice(0, 1_000_000))
    await place.put('begun.bin', content)
    const ran = await aria2('-c', `${place.base()}begun.bin`)
    expect(ran.status, ran.output).to.equal(0)
    expect((await place.read('begun.bin')) === content).to.equal(true)
  })

  it('holds the checksum that it was told against the digest of the answer', async () => {
    const sha256 = createHash('sha256').update(content).digest('hex')
    const right = await aria2('--out=right.bin', `--checksum=sha-256=${sha256}`, `${place.base()}large.bin`)
    const wrong = await aria2('--out=wrong.bin', `--checksum=sha-256=${'0'.repeat(64)}`, `${place.base()}large.bin`)
    expect(right.status, right.output).to.equal(0)
    expect([wrong.status, wrong.output.includes('Invalid hash found in Digest header field')]).to.deep.equal([1, true])
  })
})
