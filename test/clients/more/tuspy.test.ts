import { join } from 'node:path'
import { expect } from 'chai'
import { obtain } from '../client-cache.js'
import { pythonTools } from '../python-tools.js'
import { RawWorkplace } from '../raw-workplace.js'
import { run } from '../run.js'

/** Uploads argv[3] to the path argv[4]; stops after argv[5] bytes, and says where; goes on with the upload argv[6]. */
const program = `
import sys
from tusclient import client
endpoint, authorization, file, path, stop, url = sys.argv[1:7]
tus = client.TusClient(endpoint, headers={'Authorization': authorization})
uploader = tus.uploader(file, chunk_size=1024 * 1024, metadata={'path': path}, url=url or None, upload_checksum=True)
uploader.upload(stop_at=int(stop) or None)
print(uploader.url, uploader.offset)
`

describe('tuspy 1.1.0', function () {
  this.timeout(120_000)
  let place: RawWorkplace
  let python = ''
  const content = Array.from({ length: 500_000 }, (_, line) => `line ${line}`).join('\n')
  before(async function () {
    python = join(await obtain(this, 'tuspy', () => pythonTools('tuspy', ['tuspy==1.1.0'])), 'python')
    place = await RawWorkplace.open(this, 'node')
    await place.write('large.txt', content)
  })
  after(() => place?.close())

  it('uploads a part with a checksum each, stops, and goes on after the server was killed', async () => {
    const upload = async (stop: number, url: string) => {
      const words = [
        '-c',
        program,
        `${place.base()}-/tus/`,
        place.authorization,
        'large.txt',
        'tuspy/large.txt',
        String(stop),
        url,
      ]
      const ran = await run(python, words, { cwd: place.folder, env: place.env })
      expect(ran.status, ran.output).to.equal(0)
      return ran.stdout.trim().split(' ')
    }
    const [url = '', offset] = await upload(2 * 1024 * 1024, '')
    expect([offset, await place.get('tuspy/large.txt')]).to.deep.equal([String(2 * 1024 * 1024), undefined])
    await place.restart()
    await upload(0, url)
    expect((await place.get('tuspy/large.txt')) === content).to.equal(true)
  })
})
