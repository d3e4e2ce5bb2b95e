import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { expect } from 'chai'
import type { ProtocolPlugin } from '#core'
import { Server } from '../clients/server.js'
import type { ContractClient } from './contract-words.js'

/** The plugin's own clients against a real server: two tenants, the same names. */
export function serverContract(plugin: ProtocolPlugin, client: ContractClient): void {
  it('serves its own clients in a real server, for two tenants with the same names', async function () {
    this.timeout(300_000)
    const settings = { CLOUDREPO_SAMPLE: 'off', CLOUDREPO_PLUGINS: `raw,api,${client.module}` }
    const server = await Server.start(settings)
    try {
      for (const org of ['first', 'second']) {
        const words = async (...line: readonly string[]) => {
          const { status, stdout, output } = await server.cli(...line)
          expect(status, output).to.equal(0)
          return stdout.trim()
        }
        await words('organization', 'create', org)
        await words('member', 'create', org, 'casey', '--role', 'admin')
        await words('repository', 'create', org, 'shelf', '--format', plugin.name)
        const token = await words('token', 'create', org, 'casey', '--name', 'client', '--scope', 'delete')
        const folder = join(server.folder, org)
        await mkdir(folder)
        await client.run({ url: `${server.url}/${org}/shelf/`, token, folder })
      }
    } finally {
      await server.stop()
    }
  })
}
