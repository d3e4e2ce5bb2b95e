import { dirname, join } from 'node:path'
import { expect } from 'chai'
import { obtain } from '../client-cache.js'
import { npmTool } from '../node-tools.js'
import { RawWorkplace } from '../raw-workplace.js'
import { run } from '../run.js'

const script = new URL('../../../../test/clients/tus-upload.cjs', import.meta.url).pathname
const mebi = 1024 * 1024

describe('tus-js-client 4.3.1', function () {
  this.timeout(120_000)
  let place: RawWorkplace
  let modules = ''
  const content = Array.from({ length: 600_000 }, (_, line) => `line ${line}`).join('\n')
  before(async function () {
    modules = dirname(await obtain(this, 'tus-js-client', () => npmTool('tus-js-client', 'tus-js-client@4.3.1')))
    place = await RawWorkplace.open(this, 'node')
    await place.write('large.csv', content)
  })
  after(() => place?.close())

  const upload = (path: string, options: object) =>
    run(
      process.execPath,
      [
        script,
        modules,
        `${place.base()}-/tus/`,
        place.authorization,
        join(place.folder, 'large.csv'),
        path,
        JSON.stringify(options),
      ],
      { cwd: place.folder, env: place.env },
    )

  it('uploads a file in one request, and in parts', async () => {
    for (const [path, options] of [
      ['whole.csv', {}],
      ['parts.csv', { chunkSize: mebi }],
      ['at once.csv', { chunkSize: mebi, uploadDataDuringCreation: true }],
    ] as const) {
      const ran = await upload(path, options)
      expect(ran.status, ran.output).to.equal(0)
      expect((await place.get(path)) === content, path).to.equal(true)
    }
  })

  it('goes on where it was when it died, with the server killed in between', async () => {
    const died = await upload('resumed.csv', { chunkSize: mebi, dieAt: 3 * mebi })
    expect(died.status, died.output).to.equal(99)
    expect(await place.get('resumed.csv')).to.equal(undefined)
    await place.restart()
    const resumed = await upload('resumed.csv', { chunkSize: mebi, resume: true })
    expect(resumed.status, resumed.output).to.equal(0)
    expect((await place.get('resumed.csv')) === content).to.equal(true)
  })

  it('repeats by itself while the server is away', async () => {
    const running = upload('through.csv', { chunkSize: mebi / 4 })
    await place.restart()
    const ran = await running
    expect(ran.status, ran.output).to.equal(0)
    expect((await place.get('through.csv')) === content).to.equal(true)
  })

  it('goes from worker to worker with its parts, and from a killed house to the next', async () => {
    const workers = await RawWorkplace.open(this.ctx as unknown as Mocha.Context, 'node', 'node', { CLOUDREPO_WORKERS: '2' })
    try {
      await workers.write('large.csv', content)
      const upload = (options: object) =>
        run(
          process.execPath,
          [
            ...[script, modules, `${workers.base()}-/tus/`, workers.authorization, join(workers.folder, 'large.csv'), 'two.csv'],
            JSON.stringify({
              chunkSize: mebi / 2,
              headers: { Authorization: workers.authorization, Connection: 'close' },
              ...options,
            }),
          ],
          { cwd: workers.folder, env: workers.env },
        )
      const died = await upload({ dieAt: 2 * mebi })
      expect(died.status, died.output).to.equal(99)
      await workers.restart()
      const resumed = await upload({ resume: true })
      expect(resumed.status, resumed.output).to.equal(0)
      expect((await workers.get('two.csv')) === content).to.equal(true)
    } finally {
      await workers.close()
    }
  })

  it('sends parts beside each other and has them joined', async () => {
    const ran = await upload('parallel.csv', { parallelUploads: 3, metadataForPartialUploads: {} })
    expect(ran.status, ran.output).to.equal(0)
    expect((await place.get('parallel.csv')) === content).to.equal(true)
    expect(await place.stored()).to.deep.equal([
      'at once.csv',
      'parallel.csv',
      'parts.csv',
      'resumed.csv',
      'through.csv',
      'whole.csv',
    ])
  })
})
