import { gunzipSync } from 'node:zlib'
import { Server } from '../clients/server.js'
import { multipart, uploadParts } from '../support/upload-form.js'
import { buildWheel } from '../support/wheel-builder.js'
import { type Contender, contest, type Goal, type Rival, type Standing, show } from './contest.js'
import { requestBytes } from './load.js'
import { startNginx } from './nginx.js'
import { type Release, startDevpi, startPypiserver } from './python-rivals.js'
import { wireBody } from './wire-body.js'

/** The page of a project with a hundred files, JSON and HTML, compressed: nginx has it as a compressed file, pypiserver and devpi the same wheels. */
const project = 'hundred-files'
const releases: readonly Release[] = Array.from({ length: 100 }, (_, n) => {
  const version = `1.${Math.floor(n / 10)}.${n % 10}`
  return { version, file: buildWheel({ name: project, version, requiresPython: '>=3.8', description: 'x'.repeat(1_000) }) }
})
const forms = [
  { name: 'JSON', accept: 'application/vnd.pypi.simple.v1+json', file: 'page.json' },
  { name: 'HTML', accept: 'text/html', file: 'page.html' },
] as const

const server = await Server.start()
const rivals = new Map<string, Rival | undefined>()
try {
  const { org, token } = await server.target('pypi')
  const authorization = `Basic ${Buffer.from(`__token__:${token}`).toString('base64')}`
  for (const { version, file } of releases) {
    const { headers, body } = multipart(uploadParts(file, project, version))
    const answer = await fetch(`${server.url}/${org}/pypi/`, { method: 'POST', headers: { ...headers, authorization }, body })
    if (!answer.ok) throw new Error(`upload was answered ${answer.status}: ${await answer.text()}`)
    await answer.arrayBuffer()
  }
  const path = `/${org}/pypi/simple/${project}/`
  const files: Record<string, Buffer> = {}
  for (const { accept, file } of forms) {
    const compressed = await wireBody(server.url + path, { authorization, accept, 'accept-encoding': 'gzip' })
    files[`${file}.gz`] = compressed
    files[file] = gunzipSync(compressed)
  }
  rivals.set('nginx', await startNginx(files, 'sendfile on; gzip_static on; gzip_vary on;'))
  rivals.set('pypiserver', await startPypiserver(releases))
  rivals.set('devpi', await startDevpi(project, releases))
  const standings: Standing[] = []
  for (const { name, accept, file } of forms) {
    const headers = { accept, 'accept-encoding': 'gzip' }
    const paths: Readonly<Record<string, string | undefined>> = {
      nginx: `/${file}`,
      // Its page is HTML whatever is asked for.
      pypiserver: name === 'HTML' ? `/simple/${project}/` : undefined,
      devpi: `/root/bench/+simple/${project}/`,
    }
    const ours = { name: 'cloudrepo', port: Number(new URL(server.url).port), pid: server.pid }
    const contenders: Contender[] = [{ ...ours, request: requestBytes('GET', path, { ...headers, authorization }) }]
    await holds(server.url + path, { ...headers, authorization })
    for (const [who, rival] of rivals) {
      const page = paths[who]
      if (rival === undefined || page === undefined) continue
      await holds(`http://127.0.0.1:${rival.port}${page}`, headers)
      contenders.push({ name: who, port: rival.port, pid: rival.pid, request: requestBytes('GET', page, headers) })
    }
    const goals: readonly Goal[] = [
      { against: 'devpi', by: 'CPU', atLeast: 50 },
      ...(name === 'HTML' ? [{ against: 'pypiserver', by: 'CPU', atLeast: 80 } as const] : []),
    ]
    const missing = [...rivals].flatMap(([who, rival]) => (rival ? [] : [who]))
    standings.push(
      await contest({ case: `Python page of 100 files, ${name}, gzip`, connections: 64, contenders, goals, missing }),
    )
  }
  show(standings)
} finally {
  for (const rival of rivals.values()) await rival?.stop()
  await server.stop()
}

/** All files: or there is nothing to compare. */
async function holds(url: string, headers: Record<string, string>): Promise<void> {
  const text = await (await fetch(url, { headers })).text()
  const absent = releases.filter(({ file }) => !text.includes(file.filename))
  if (absent.length > 0) throw new Error(`${url} names ${releases.length - absent.length} files of ${releases.length}`)
}
