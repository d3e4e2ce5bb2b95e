import { fileURLToPath } from 'node:url'
import { expect } from 'chai'
import { readSettings } from '../../host/config/read-settings.js'
import { obtain } from '../clients/client-cache.js'
import { run } from '../clients/run.js'
import { cloudServers } from '../support/servers.js'

const folder = fileURLToPath(new URL('../../../examples/cloud', import.meta.url))

describe('examples/cloud, on one machine', function () {
  this.timeout(180_000)

  it('starts nodes behind a balancer, and finds what one stored on the others, with one of them killed', async function () {
    await obtain(this, 'S3 and DynamoDB', cloudServers)
    const words = ['on-one-machine.mjs', '--nodes', '3', '--port', '0', '--minutes', '3', '--check']
    const env = {
      PATH: process.env['PATH'],
      HOME: process.env['HOME'],
      CLOUDREPO_TEST_CACHE: process.env['CLOUDREPO_TEST_CACHE'],
    }
    const { status, stdout, stderr } = await run(process.execPath, words, { cwd: folder, env, timeout: 170_000 })
    expect([status, stderr]).to.deep.equal([0, ''])
    expect(stdout).to.match(/3 nodes behind http:\/\/127\.0\.0\.1:\d+: /)
    expect(stdout.trimEnd().split('\n').at(-1)).to.equal(
      'checked: stored through the balancer, read from every node, and again with one of them killed',
    )
  })

  it('has settings that the house takes', async () => {
    const { blobs, metadata, workers } = await readSettings({}, `${folder}/cloudrepo.json`)
    expect([blobs, metadata, workers]).to.deep.equal(['s3', 'dynamodb', 2])
  })
})
