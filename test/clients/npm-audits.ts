import { readFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect } from 'chai'
import type { NpmWorkplace } from './npm-workplace.js'
import type { Server } from './server.js'

const clients = join(dirname(fileURLToPath(import.meta.url)), '..', '..', '..', 'test', 'clients')

/** What npm needs to verify signatures without the Internet. */
export const withoutMirror = { NODE_OPTIONS: `--require ${join(clients, 'no-tuf.cjs')}` }

/** Of shout-words before 1.1.0, as an OSV record. */
export const advisory = {
  id: 'GHSA-aaaa-bbbb-cccc',
  modified: '2026-02-01T00:00:00Z',
  published: '2026-01-01T00:00:00Z',
  summary: 'Shouts too loud',
  severity: [{ type: 'CVSS_V3', score: 'CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:H' }],
  affected: [
    {
      package: { ecosystem: 'npm', name: 'shout-words' },
      ranges: [{ type: 'SEMVER', events: [{ introduced: '0' }, { fixed: '1.1.0' }] }],
    },
  ],
  database_specific: { severity: 'HIGH', cwe_ids: ['CWE-400'] },
}

/** Nothing is known at first; then the operator loads an advisory about what is installed in `app`. */
export async function auditTwice(
  place: NpmWorkplace,
  server: Server,
  words: readonly string[],
  endsWithZero: boolean,
): Promise<void> {
  const before = await place.ask('app', ...words)
  expect(before.status, before.output).to.equal(0)
  const token = (await readFile(join(server.data, 'operator-token'), 'utf8')).trim()
  const loaded = await fetch(`${server.url}/-/api/v1/advisories`, {
    method: 'PUT',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/x-ndjson' },
    body: JSON.stringify(advisory),
  })
  expect(loaded.status, await loaded.text()).to.equal(200)
  const after = await place.ask('app', ...words)
  expect(after.status === 0, after.output).to.equal(endsWithZero)
  expect(after.output)
    .to.match(/shout-words/)
    .and.match(/high/i)
  expect(after.output).to.contain('Shouts too loud')
}
