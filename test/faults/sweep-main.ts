import 'reflect-metadata'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Kernel, SystemClock, silentLogger } from '#core/host'
import { LmdbMetadataStore } from '../../core/storage/drivers/lmdb-metadata-store.js'
import { AccessLog } from '../../host/server/access-log.js'
import { houseApp } from '../../host/server/express-app.js'
import { Health } from '../../host/server/health.js'
import { createListener, listen } from '../../host/server/listener.js'
import api from '../../plugins/api/index.js'
import raw from '../../plugins/raw/index.js'
import { memoryRootKey } from '../support/root-key.js'
import { CrashingStore, CrashPoint, crashingBlobs } from './crash-point.js'
import { type ListenerManner, listener } from './listener.js'
import { type Build, RacingStore } from './racing-store.js'

/** One of several serving processes over one data folder, whose sweeper waits for nothing: `{folder} {mode} {hours that its clock is
 *  ahead} {manner of its listener} {point at which it dies, once it is told to}`. */
const [folder = '', mode = 'sound', ahead = '0', manner = 'failing', point = ''] = process.argv.slice(2)
const crash = new CrashPoint(point)
const clock = new SystemClock()
const late = {
  now: () => new Date(clock.now().getTime() + Number(ahead) * 3_600_000),
  monotonic: () => clock.monotonic(),
}
const embedded = await LmdbMetadataStore.open({ folder: join(folder, 'metadata'), ballastBytes: 0 })
const kernel = await Kernel.open({
  blobs: await crashingBlobs(join(folder, 'blobs'), crash),
  metadata: new CrashingStore(new RacingStore(embedded, mode as Build), crash),
  keyStore: await LmdbMetadataStore.open({ folder: join(folder, 'keys'), ballastBytes: 0 }),
  rootKey: memoryRootKey(await readFile(join(folder, 'key'))),
  clock: late,
  release: 'test',
  leaseLife: 1_500,
  limits: {
    // What is deleted can be brought back for two seconds; where a build is to be caught it goes at once.
    ...{
      undoDays: mode === 'sound' ? 2 / 86_400 : 0,
      keepVersions: 0,
      sweepGraceHours: 0,
      strayDays: 0,
      blobDeleteDelayDays: 0,
      backupRetentionDays: 0,
    },
    // Nothing is read from memory that is gone from the disk.
    ...{ clockSkewSeconds: 0, sweepFloorBlobs: 1_000_000, contentCache: 0 },
  },
})
kernel.install({
  ...raw,
  parsers: [
    {
      claims: () => true,
      parse: async () => {
        crash.reach('F9 while the content is judged')
        return {}
      },
    },
  ],
})
kernel.install(listener(join(folder, 'told'), manner as ListenerManner))
kernel.install(api)
await kernel.start()
if (await kernel.setup.isEmpty()) {
  await kernel.setup.createOrganization('main')
  await kernel.setup.createRepository('main', { name: 'raw', format: 'raw' })
  const olga = await kernel.setup.createMember('main', { name: 'olga', role: 'owner', password: 'olga-keeps-a-secret' })
  const scopes = [{ kind: 'repository', repository: '*', level: 'delete' }] as const
  const { token } = await kernel.setup.issueToken('main', olga.id, { name: 'test', scopes })
  await writeFile(join(folder, 'tokens'), JSON.stringify({ token, operator: await kernel.setup.createOperatorToken('test') }))
}
const server = createListener(
  houseApp({
    kernel,
    health: new Health(),
    trustedProxies: [],
    log: silentLogger,
    accessLog: new AccessLog(silentLogger),
    publicUrl: undefined,
    isRootMount: async () => false,
  }),
)
const { port } = await listen(server, { host: '127.0.0.1', port: 0 })
process.stdout.write(`ready http://127.0.0.1:${port}\n`)
process.on('message', () => {
  crash.armed = true
  process.send?.('armed')
})
process.on('disconnect', () => process.kill(process.pid, 'SIGKILL'))
