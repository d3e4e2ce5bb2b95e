import { Server } from '../clients/server.js'

/** 10,000 wrong passwords for one login from 500 addresses, against a server with two processes; meanwhile its owner's build by Basic from its usual address, a
 *  token, and a session are asked in turns. The time of those before and during the flood, and how many of them were refused: none may be. */
const guesses = Number(process.env['BENCH_GUESSES'] ?? 10_000)
const sources = 500
const lanes = 32
const build = '203.0.113.5'

interface Times {
  readonly milliseconds: number[]
  refused: number
}

const server = await Server.start({
  CLOUDREPO_TRUSTED_PROXIES: '127.0.0.1',
  CLOUDREPO_WORKERS: process.env['CLOUDREPO_WORKERS'] ?? '2',
})
try {
  const { token, login, password } = await server.target('raw')
  const file = `${server.url}/main/raw/app/1.0/app.txt`
  const session = `${server.url}/main/-/api/v1/session`
  const basic = (secret: string) => `Basic ${Buffer.from(`${login}:${secret}`).toString('base64')}`
  const from = (address: string, headers: Record<string, string>) => ({ 'x-forwarded-for': address, ...headers })
  const ask = async (url: string, headers: Record<string, string>, init: RequestInit = {}) => {
    const answer = await fetch(url, { ...init, headers })
    await answer.arrayBuffer()
    return answer
  }
  await ask(file, from(build, { authorization: `Bearer ${token}` }), { method: 'PUT', body: 'the same bytes' })
  const signedIn = await ask(session, from(build, { 'content-type': 'application/json' }), {
    method: 'POST',
    body: JSON.stringify({ login, password }),
  })
  const cookie = (signedIn.headers.getSetCookie()[0] ?? '').split(';', 1)[0] ?? ''

  const works: Readonly<Record<string, () => Promise<Response>>> = {
    'build by Basic': () => ask(file, from(build, { authorization: basic(password) })),
    token: () => ask(file, from('198.18.9.9', { authorization: `Bearer ${token}` })),
    session: () => ask(session, from('198.18.9.9', { cookie })),
  }
  const measure = async (going: () => boolean) => {
    const times: Record<string, Times> = {}
    while (going())
      for (const [work, act] of Object.entries(works)) {
        const began = performance.now()
        const { status } = await act()
        times[work] ??= { milliseconds: [], refused: 0 }
        times[work].milliseconds.push(performance.now() - began)
        if (status !== 200) times[work].refused += 1
      }
    return times
  }
  const until = performance.now() + 5_000
  const quiet = await measure(() => performance.now() < until)

  const statuses: Record<number, number> = {}
  let next = 0
  let running = true
  const flood = async () => {
    for (let guess = next++; guess < guesses; guess = next++) {
      const address = `198.18.${Math.floor((guess % sources) / 250)}.${guess % 250}`
      const { status } = await ask(file, from(address, { authorization: basic(`wrong guess ${guess}`) }))
      statuses[status] = (statuses[status] ?? 0) + 1
    }
  }
  const began = performance.now()
  const flooding = Promise.all(Array.from({ length: lanes }, flood)).finally(() => {
    running = false
  })
  const during = await measure(() => running)
  await flooding
  const seconds = (performance.now() - began) / 1_000

  const rows = Object.keys(works).map((work) => ({
    work,
    'p95 before, ms': percentile(quiet[work]).toFixed(1),
    'p95 during, ms': percentile(during[work]).toFixed(1),
    'asked during': during[work]?.milliseconds.length ?? 0,
    refused: during[work]?.refused ?? 0,
  }))
  if (process.argv.includes('--json')) console.log(JSON.stringify({ guesses, seconds, statuses, rows }))
  else {
    console.log(
      `${guesses} wrong passwords from ${sources} addresses in ${seconds.toFixed(1)} s, answered ${JSON.stringify(statuses)}`,
    )
    console.table(rows)
  }
  if (rows.some(({ refused }) => refused > 0)) process.exitCode = 1
} finally {
  await server.stop()
}

function percentile({ milliseconds }: Times = { milliseconds: [], refused: 0 }): number {
  const sorted = [...milliseconds].sort((a, b) => a - b)
  return sorted[Math.floor(sorted.length * 0.95)] ?? Number.NaN
}
