import { expect } from 'chai'
import { parseBytes } from '../../../host/cli/usage.js'
import { Server } from '../../clients/server.js'
import { call } from '../../support/client.js'

describe('Usage by the command line', function () {
  this.timeout(60_000)
  let server: Server
  before(async () => {
    server = await Server.start()
  })
  after(() => server.stop())
  const cli = async (...words: readonly string[]) => {
    const { status, stdout, output } = await server.cli(...words)
    expect(status, output).to.equal(0)
    return stdout
  }

  it('shows what is stored, sets a quota, and counts downloads once the server has written them', async () => {
    const { token } = await server.target('raw')
    const headers = { authorization: `Bearer ${token}` }
    const put = (path: string, body: string) => call(server.url, { method: 'PUT', target: `/main/raw/${path}`, headers, body })
    expect((await put('a.txt', 'four')).status).to.equal(201)
    expect(await cli('usage', 'main'))
      .to.match(/│ raw +│ 4 +│ 1 +│ 1 +│/)
      .and.match(/│ total +│ 4 +│ 1 +│ 1 +│/)
    await cli('organization', 'update', 'main', '--quota', '1KiB')
    expect((await put('b.txt', 'x'.repeat(1_021))).status).to.equal(507)
    const [main] = JSON.parse(await cli('usage', '--json')) as Record<string, unknown>[]
    expect(main).to.include({ organization: 'main', storageBytes: 4 }).and.have.deep.property('quota', { storageBytes: 1_024 })
    await cli('organization', 'update', 'main', '--no-quota')
    expect((await put('b.txt', 'x'.repeat(1_021))).status).to.equal(201)
    expect((await call(server.url, { method: 'GET', target: '/main/raw/a.txt', headers })).status).to.equal(200)
    const counted = JSON.parse(await cli('downloads', 'main', 'raw', 'a.txt', '--json')) as Record<string, unknown>
    expect(counted).to.include({ repository: 'raw', package: 'a.txt' })
  })

  it('reads sizes in units of 1,024', () => {
    expect(['10GiB', '1.5m', '7', '2 KB'].map(parseBytes)).to.deep.equal([10_737_418_240, 1_572_864, 7, 2_048])
    for (const wrong of ['', 'GiB', '-1', '1 potato', '1e9']) expect(() => parseBytes(wrong), wrong).to.throw('10GiB')
  })
})
