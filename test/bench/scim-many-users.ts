import 'reflect-metadata'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { defaultLimits } from '../../core/runtime/limits.js'
import { Provider, scimHouse, urn } from '../support/scim.js'

/** Lists, look-ups and changes of SCIM in an organization of many users and one group of them all: the first one behind a change, and again. */
const users = Number(process.env['BENCH_USERS'] ?? 9_990)
const rounds = Number(process.env['BENCH_ROUNDS'] ?? 15)

const limits = { ...defaultLimits, scimRequestsPerSecond: 1_000_000 }
const house = await scimHouse({ store: 'files', idle: true, parts: async () => ({ limits }) })
const okta = await Provider.of(house)
const began = performance.now()
const ids: string[] = []
await Promise.all(
  Array.from({ length: 16 }, async (_, lane) => {
    for (let at = lane; at < users; at += 16) {
      const emails = [{ value: `user-${at}@acme.test`, type: 'work', primary: true }]
      ids.push(
        (
          await okta.user(`user-${at}@acme.test`, {
            externalId: `00u${at}`,
            displayName: `User ${at}`,
            title: `T${at % 100}`,
            emails,
          })
        ).id,
      )
    }
  }),
)
const made = performance.now() - began

const middle = Math.floor(users / 2)
const filter = (text: string) => `filter=${encodeURIComponent(text)}`
const cases: readonly (readonly [string, () => Promise<unknown>])[] = [
  ['page of 100, the first', () => okta.list('/Users?count=100')],
  ['page of 100, the last', () => okta.list(`/Users?count=100&startIndex=${users - 99}`)],
  ['page of 100 by cursor', () => okta.list('/Users?count=100&cursor')],
  ['userName eq', () => okta.list(`/Users?${filter(`userName eq "USER-${middle}@acme.test"`)}`)],
  ['externalId eq', () => okta.list(`/Users?${filter(`externalId eq "00u${middle}"`)}`)],
  [
    'emails[type eq "work"].value eq',
    () => okta.list(`/Users?${filter(`emails[type eq "work"].value eq "user-${middle}@acme.test"`)}`),
  ],
  ['title eq: looks through all', () => okta.list(`/Users?${filter('title eq "t42"')}`)],
  ['sortBy=displayName: looks through all', () => okta.list('/Users?sortBy=displayName')],
  ['GET of one', () => okta.send('GET', `/Users/${ids[middle]}`)],
]
const median = (times: number[]) => times.sort((a, b) => a - b)[Math.floor(times.length / 2)] ?? 0
const timed = async (work: () => Promise<unknown>) => {
  const start = performance.now()
  await work()
  return performance.now() - start
}
const change = (at: number) => okta.patch(`/Users/${ids[middle]}`, { op: 'replace', path: 'nickName', value: `n${at}` })
/** Longer than a new state of the organization is not trusted yet. */
const settle = async () => {
  await okta.list('/Users?count=0')
  await new Promise((resolve) => setTimeout(resolve, 1_100))
  await okta.list('/Users?count=0')
}

const delay = monitorEventLoopDelay({ resolution: 1 })
delay.enable()
const rows: { case: string; behindChange: number; again: number }[] = []
for (const [name, work] of cases) {
  const behind: number[] = []
  for (let round = 0; round < Math.ceil(rounds / 3); round += 1) {
    await change(round)
    behind.push(await timed(work))
  }
  await settle()
  const again: number[] = []
  for (let round = 0; round < rounds; round += 1) again.push(await timed(work))
  rows.push({ case: name, behindChange: median(behind), again: median(again) })
}
const patches: number[] = []
for (let round = 0; round < rounds; round += 1) patches.push(await timed(() => change(1000 + round)))
const everybody = await okta.group('Everybody')
const fill = ids.map((value) => ({ value }))
const filled: number[] = []
for (let from = 0; from < fill.length; from += 5_000)
  filled.push(
    await timed(() =>
      okta.patch(`/Groups/${everybody.id}`, { op: 'add', path: 'members', value: fill.slice(from, from + 5_000) }),
    ),
  )
const out: number[] = []
for (let round = 0; round < rounds; round += 1)
  out.push(
    await timed(() => okta.patch(`/Groups/${everybody.id}`, { op: 'remove', path: 'members', value: [{ value: ids[round] }] })),
  )
const group = await timed(() => okta.send('GET', `/Groups/${everybody.id}`))
const bulk = await timed(() =>
  okta.send('POST', '/Bulk', {
    schemas: [urn.bulk],
    Operations: Array.from({ length: 200 }, (_, at) => ({
      method: 'POST',
      bulkId: `b${at}`,
      path: '/Users',
      data: { schemas: [urn.user], userName: `bulk-${at}` },
    })),
  }),
)
delay.disable()
const figures = {
  users,
  createdPerSecond: (users / made) * 1000,
  lists: rows,
  patchUser: median(patches),
  add5000Members: median(filled),
  removeMember: median(out),
  getGroup: group,
  bulkOf200: bulk,
  longestPause: delay.max / 1e6,
}
if (process.argv.includes('--json')) console.log(JSON.stringify(figures))
else {
  console.log(`${users} users, made one by one, 16 at once: ${figures.createdPerSecond.toFixed(0)} a second\n`)
  for (const row of rows)
    console.log(
      `${row.case.padEnd(42)} ${row.behindChange.toFixed(1).padStart(8)} ms behind a change ${row.again.toFixed(1).padStart(8)} ms again`,
    )
  for (const name of ['patchUser', 'add5000Members', 'removeMember', 'getGroup', 'bulkOf200', 'longestPause'] as const)
    console.log(`${name.padEnd(42)} ${figures[name].toFixed(1).padStart(8)} ms`)
}
await house.close()
