import { randomBytes } from 'node:crypto'
import { expect } from 'chai'
import { Kernel, silentLogger } from '#core/host'
import { MemoryBlobStore } from '../../../core/storage/drivers/memory-blob-store.js'
import { MemoryMetadataStore } from '../../../core/storage/drivers/memory-metadata-store.js'
import { AccessLog } from '../../../host/server/access-log.js'
import { houseApp } from '../../../host/server/express-app.js'
import { Health } from '../../../host/server/health.js'
import { createListener, listen } from '../../../host/server/listener.js'
import raw from '../../../plugins/raw/index.js'
import { call } from '../../support/client.js'
import { type House, openHouse } from '../../support/house.js'
import { memoryRootKey } from '../../support/root-key.js'

const rounds = 25
const bytesType = { 'tus-resumable': '1.0.0', 'content-type': 'application/offset+octet-stream' }

/** Two kernels that share nothing but the store, as two workers do: neither knows what the other holds in memory. */
describe('two processes that serve one raw repository', () => {
  let house: House
  let urls: readonly [string, string]
  let closeOther: () => Promise<void>

  before(async () => {
    const shared = {
      blobs: new MemoryBlobStore(),
      metadata: new MemoryMetadataStore(),
      keyStore: new MemoryMetadataStore(),
      rootKey: memoryRootKey(randomBytes(32)),
    }
    const repositories = [
      { name: 'files', format: 'raw' },
      { name: 'once', format: 'raw', writePolicy: 'once' as const },
      { name: 'dav', format: 'raw', webdav: true },
    ]
    house = await openHouse({ plugins: [raw], repositories, parts: async () => shared })
    const other = await Kernel.open(shared)
    other.install(raw)
    await other.start()
    const server = createListener(
      houseApp({
        ...{ kernel: other, health: new Health(), trustedProxies: [], log: silentLogger, accessLog: new AccessLog(silentLogger) },
        publicUrl: undefined,
        isRootMount: async () => false,
      }),
    )
    const { port } = await listen(server, { host: '127.0.0.1', port: 0 })
    urls = [house.url, `http://127.0.0.1:${port}`]
    closeOther = async () => {
      const closed = new Promise((resolve) => server.close(resolve))
      server.closeAllConnections()
      await closed
      await other.close()
    }
  })
  after(async () => {
    await closeOther()
    await house.close()
  })

  const at = (process: 0 | 1, method: string, target: string, headers: Record<string, string> = {}, body = '') =>
    call(urls[process], { method, target, body, headers: { authorization: `Bearer ${house.token('olga')}`, ...headers } })
  const both = <T>(work: (process: 0 | 1) => Promise<T>) => Promise.all([work(0), work(1)])
  const statuses = (answers: readonly { readonly status: number }[]) => answers.map(({ status }) => status).sort()

  it('one goes on with an upload that the other began, part by part', async () => {
    const metadata = `path ${Buffer.from('tus').toString('base64')}`
    const begun = await at(0, 'POST', '/acme/files/-/tus/', {
      'tus-resumable': '1.0.0',
      'upload-length': '12',
      'upload-metadata': metadata,
    })
    const upload = new URL(begun.headers['location'] ?? '').pathname
    for (const [process, offset, part] of [
      [1, 0, 'one '],
      [0, 4, 'two '],
      [1, 8, 'last'],
    ] as const)
      expect((await at(process, 'PATCH', upload, { ...bytesType, 'upload-offset': String(offset) }, part)).status).to.equal(204)
    expect((await both((process) => at(process, 'GET', '/acme/files/tus', {}))).map((answer) => answer.text())).to.deep.equal([
      ...['one two last', 'one two last'],
    ])
  })

  it('of two that send the same part of an upload, each to another process, one is taken', async () => {
    for (let round = 0; round < rounds; round++) {
      const begun = await at(0, 'PUT', `/acme/files/draft-${round}`, { 'upload-complete': '?0' })
      const upload = new URL(begun.headers['location'] ?? '').pathname
      const part = { 'content-type': 'application/partial-upload', 'upload-offset': '0', 'upload-complete': '?0' }
      const answers = await both((process) => at(process, 'PATCH', upload, part, `part of ${process}`))
      expect(statuses(answers)).to.deep.equal([204, 409])
      const winner = answers[0].status === 204 ? 0 : 1
      const end = { ...part, 'upload-offset': '9', 'upload-complete': '?1' }
      expect((await at(winner === 0 ? 1 : 0, 'PATCH', upload, end, '')).status).to.equal(201)
      expect((await at(0, 'GET', `/acme/files/draft-${round}`)).text()).to.equal(`part of ${winner}`)
    }
  })

  it('of two that create one file, each by another process, one gets 201 and the other 412', async () => {
    for (let round = 0; round < rounds; round++) {
      const target = `/acme/files/created-${round}`
      const answers = await both((process) => at(process, 'PUT', target, { 'if-none-match': '*' }, `bytes of ${process}`))
      expect(statuses(answers)).to.deep.equal([201, 412])
      expect((await at(1, 'GET', target)).text()).to.equal(`bytes of ${answers[0].status === 201 ? 0 : 1}`)
    }
  })

  it('of two that replace one version, one gets 204 and the other 412; of a file written once, one gets 409', async () => {
    for (let round = 0; round < rounds; round++) {
      const target = `/acme/files/replaced-${round}`
      const etag = (await at(0, 'PUT', target, {}, 'before')).headers['etag'] ?? ''
      const answers = await both((process) => at(process, 'PUT', target, { 'if-match': etag }, `bytes of ${process}`))
      expect(statuses(answers)).to.deep.equal([204, 412])
      const once = await both((process) => at(process, 'PUT', `/acme/once/f-${round}`, {}, `bytes of ${process}`))
      expect(statuses(once)).to.deep.equal([201, 409])
    }
  })

  it('of two that make one folder, one gets 201 and the other 405', async () => {
    for (let round = 0; round < rounds; round++)
      expect(statuses(await both((process) => at(process, 'MKCOL', `/acme/dav/folder-${round}`)))).to.deep.equal([201, 405])
  })
})
