import { spawn } from 'node:child_process'
import { once } from 'node:events'
import type { Rival } from './contest.js'
import { ended } from './listening.js'

/** What this Node can do at all: `node:http` alone, answering everything with the same `size` bytes and a few headers, no application behind it. */
export async function startBareNode(size: number): Promise<Rival> {
  const program = `
    const body = 'x'.repeat(${size})
    const headers = ['content-type', 'application/octet-stream', 'etag', '"' + 'e'.repeat(64) + '"', 'content-length', '${size}']
    const server = require('node:http').createServer((request, response) => response.writeHead(200, headers).end(body, 'latin1'))
    server.listen(0, '127.0.0.1', () => console.log(server.address().port))`
  const child = spawn(process.execPath, ['-e', program], { stdio: ['ignore', 'pipe', 'inherit'] })
  const [line] = (await once(child.stdout, 'data')) as [Buffer]
  return {
    port: Number(line.toString('utf8')),
    pid: child.pid ?? 0,
    stop: () => ended(child),
  }
}
