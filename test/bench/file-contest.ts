import { randomBytes } from 'node:crypto'
import { Server, testWorkers } from '../clients/server.js'
import { publishDocument } from '../support/npm-package.js'
import { contest, type Goal, type Rival, type Standing } from './contest.js'
import { requestBytes } from './load.js'
import { startNginx } from './nginx.js'
import { residentMiB } from './process-cpu.js'
import { startVerdaccio } from './verdaccio.js'

export interface FileContest {
  readonly case: string
  readonly bytes: number
  readonly goals: readonly Goal[]
  /** Further servers that answer GET /file.bin with so many bytes, by name. */
  readonly beside: Readonly<Record<string, (content: Buffer) => Promise<Rival | undefined>>>
}
/** GET of a raw file with authentication, 64 connections, as many processes as CLOUDREPO_TEST_WORKERS says; the same bytes from nginx, from the servers
 *  beside, and as a tarball from Verdaccio, in the same run. Start and memory of ours. */
export async function fileContest({ bytes, beside, ...rest }: FileContest): Promise<Standing> {
  const content = randomBytes(bytes)
  const { versions, 'dist-tags': tags } = publishDocument({ name: 'file', version: '1.0.0' }, content)
  const stored = { packument: { name: 'file', versions, 'dist-tags': tags, time: {} }, tarballs: { 'file-1.0.0.tgz': content } }
  const began = performance.now()
  const server = await Server.start()
  const startMilliseconds = Math.round(performance.now() - began)
  const processes = [server.pid, ...server.workers]
  const resident = () => Math.round(processes.reduce((sum, pid) => sum + residentMiB(pid), 0))
  const rivals = new Map<string, Rival | undefined>()
  try {
    rivals.set('nginx', await startNginx({ 'file.bin': content }))
    for (const [name, start] of Object.entries(beside)) rivals.set(name, await start(content))
    rivals.set('Verdaccio', await startVerdaccio({ file: stored }))
    const { org, token } = await server.target('raw')
    const headers = { authorization: `Bearer ${token}` }
    const idleMiB = resident()
    const path = `/${org}/raw/bench/file.bin`
    const put = await fetch(server.url + path, { method: 'PUT', headers, body: content })
    if (put.status !== 201) throw new Error(`PUT was answered ${put.status}`)
    const request = requestBytes('GET', path, headers)
    const standing = await contest({
      ...rest,
      case: `${rest.case}${testWorkers === '1' ? '' : `, ${testWorkers} processes`}`,
      connections: 64,
      contenders: [
        { name: 'cloudrepo', port: Number(new URL(server.url).port), pid: server.pid, request },
        ...[...rivals].flatMap(([name, rival]) => {
          const file = name === 'Verdaccio' ? '/file/-/file-1.0.0.tgz' : '/file.bin'
          return rival ? [{ name, port: rival.port, pid: rival.pid, request: requestBytes('GET', file, {}) }] : []
        }),
      ],
      missing: [...rivals].flatMap(([name, rival]) => (rival ? [] : [name])),
    })
    return {
      ...standing,
      notes: [`first start until ready ${startMilliseconds} ms, idle ${idleMiB} MiB, after the run ${resident()} MiB`],
    }
  } finally {
    for (const rival of rivals.values()) await rival?.stop()
    await server.stop()
  }
}
