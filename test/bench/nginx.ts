import { spawn, spawnSync } from 'node:child_process'
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Rival } from './contest.js'
import { ended, freePort, reachable } from './listening.js'

/** The yardstick: nginx with one worker, no access log, serving one folder, which it may write where `settings` let it. Undefined where it is not
 *  installed. `settings`: more directives of the server. */
export async function startNginx(
  files: Readonly<Record<string, Uint8Array>>,
  settings = 'sendfile on;',
): Promise<Rival | undefined> {
  if (spawnSync('nginx', ['-v']).error) return undefined
  const folder = mkdtempSync(join(tmpdir(), 'cloudrepo-nginx-'))
  chmodSync(folder, 0o755)
  mkdirSync(join(folder, 'www'))
  chmodSync(join(folder, 'www'), 0o777)
  for (const [name, content] of Object.entries(files)) writeFileSync(join(folder, 'www', name), content)
  const port = await freePort()
  writeFileSync(
    join(folder, 'nginx.conf'),
    `worker_processes 1; daemon off; pid ${folder}/nginx.pid; error_log ${folder}/error.log;
events { worker_connections 1024; }
http {
  access_log off; tcp_nopush on; tcp_nodelay on; keepalive_timeout 75; keepalive_requests 1000000; open_file_cache max=1000;
  client_body_temp_path ${folder}/b; proxy_temp_path ${folder}/p; fastcgi_temp_path ${folder}/f; uwsgi_temp_path ${folder}/u; scgi_temp_path ${folder}/s;
  server { listen 127.0.0.1:${port}; root ${folder}/www; ${settings} }
}
`,
  )
  const child = spawn('nginx', ['-p', folder, '-c', join(folder, 'nginx.conf')], { stdio: 'ignore' })
  await reachable(port, child)
  return {
    port,
    pid: child.pid ?? 0,
    async stop() {
      await ended(child)
      rmSync(folder, { recursive: true, force: true })
    },
  }
}
