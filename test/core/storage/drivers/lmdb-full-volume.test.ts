import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline/promises'
import { fileURLToPath } from 'node:url'
import { expect } from 'chai'
import { LmdbMetadataStore } from '../../../../core/storage/drivers/lmdb-metadata-store.js'

const writer = fileURLToPath(new URL('full-volume-writer.js', import.meta.url))

describe('LmdbMetadataStore on a volume that takes no more', () => {
  it('stops at the first failed write, and has every acknowledged commit whole and no other', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'full-'))
    // A limit on the size of files stands for a full disk: the write fails and the process lives on.
    const script = 'trap "" XFSZ; ulimit -f 12000; exec "$0" "$1" "$2"'
    const child = spawn('sh', ['-c', script, process.execPath, writer, folder], { stdio: ['ignore', 'pipe', 'ignore'] })
    const ended = once(child, 'close')
    const [line] = (await once(createInterface(child.stdout), 'line')) as [string]
    child.kill('SIGKILL')
    await ended
    const { acknowledged, ...rest } = JSON.parse(line) as { acknowledged: number }
    expect(rest).to.deep.equal({ failure: 'unavailable', afterwards: 'unavailable', fatal: 1, read: true })
    expect(acknowledged).to.be.within(1, 999)

    const store = await LmdbMetadataStore.open({ folder, ballastBytes: 0 })
    const rows = Array.from({ length: acknowledged }, (_, index) => `row-${index}`).sort()
    for (const partition of ['p', 'q']) {
      const found: string[] = []
      for await (const { key } of store.range(partition, {})) found.push(key.path.join('/'))
      expect(found.sort()).to.deep.equal(rows)
    }
    await store.close()
    await rm(folder, { recursive: true })
  })
})
