import type { Operation } from './cloud-operations.js'
import type { Calls } from './counted-stores.js'

/** List prices of a large region in US dollars, as they were known in June 2025: look them up, and change them here. */
export const prices = {
  millionReadUnits: 0.125,
  millionWriteUnits: 0.625,
  tableGiBMonth: 0.25,
  recoveryGiBMonth: 0.2,
  thousandObjectPuts: 0.005,
  thousandObjectGets: 0.0004,
  objectGiBMonth: 0.023,
  gibToInternet: 0.09,
  nodeHour: 0.0816,
  balancerMonth: 40,
} as const

/** An organization of middling size, in a month. */
export const assumed = {
  artifacts: 5_000,
  artifactMiB: 2,
  downloads: 50_000,
  publishes: 500,
  /** Of a day's requests, in its busiest hour; and of that hour's, in its busiest second, against the mean. */
  busyHourShare: 0.12,
  burst: 3,
  /** What a node of two processors is trusted with. */
  nodeRequestsPerSecond: 300,
  /** Old versions and what waits for its deletion. */
  keptBeside: 0.15,
} as const

/** What DynamoDB gives one partition, and S3 one prefix, in a second. */
const partitionReads = 3_000
const partitionWrites = 1_000
const partitionGiB = 10

export interface Capacity {
  readonly organizations: number
  readonly rows: number
  readonly partitionKeys: number
  readonly tableGiB: number
  readonly objectTiB: number
  readonly requestsPerSecond: number
  readonly readUnitsPerSecond: number
  readonly writeUnitsPerSecond: number
  readonly partitions: number
  readonly nodes: number
  readonly monthly: { readonly table: number; readonly bucket: number; readonly nodes: number; readonly traffic: number }
}

/** A download: one index that was asked for before (304, or from memory) and one file that is read from the bucket. A publish: the mean of the formats. */
export function capacityOf(organizations: number, operations: readonly Operation[], idle: Calls): Capacity {
  const download = sum([named(operations, 'npm: packument, 304'), named(operations, 'npm: tarball, first on this node')])
  const publish = mean(publishesOf(operations))
  const downloads = organizations * assumed.downloads
  const publishes = organizations * assumed.publishes
  const artifacts = organizations * assumed.artifacts
  const month = 30 * 86_400
  const readUnits = downloads * download.readUnits + publishes * publish.readUnits + month * idle.readUnits
  const writeUnits = downloads * download.writeUnits + publishes * publish.writeUnits + month * idle.writeUnits
  const peak = (perMonth: number) => ((perMonth / 30) * assumed.busyHourShare * assumed.burst) / 3_600
  const rows = artifacts * publish.rows
  const tableGiB = (artifacts * publish.bytes) / 1024 ** 3
  const objectGiB = (artifacts * assumed.artifactMiB * (1 + assumed.keptBeside)) / 1024
  const requestsPerSecond = peak(downloads * download.requests + publishes * publish.requests)
  const [readUnitsPerSecond, writeUnitsPerSecond] = [peak(readUnits), peak(writeUnits)]
  const nodes = Math.max(2, Math.ceil(requestsPerSecond / assumed.nodeRequestsPerSecond) + 1)
  const byRate = readUnitsPerSecond / partitionReads + writeUnitsPerSecond / partitionWrites
  return {
    organizations,
    rows,
    partitionKeys: artifacts * publish.partitions,
    tableGiB,
    objectTiB: objectGiB / 1024,
    requestsPerSecond,
    readUnitsPerSecond,
    writeUnitsPerSecond,
    partitions: Math.max(1, Math.ceil(byRate), Math.ceil(tableGiB / partitionGiB)),
    nodes,
    monthly: {
      table:
        (readUnits * prices.millionReadUnits + writeUnits * prices.millionWriteUnits) / 1e6 +
        tableGiB * (prices.tableGiBMonth + prices.recoveryGiBMonth),
      bucket:
        ((publishes * publish.objectPuts) / 1_000) * prices.thousandObjectPuts +
        ((downloads * download.objectGets) / 1_000) * prices.thousandObjectGets +
        objectGiB * prices.objectGiBMonth,
      nodes: nodes * 720 * prices.nodeHour + prices.balancerMonth,
      traffic: ((downloads * assumed.artifactMiB) / 1024) * prices.gibToInternet,
    },
  }
}

/** US dollars for what both services ask, without nodes and traffic. */
export function perMillion({ readUnits, writeUnits, objectPuts, objectGets, objectLooks }: Calls): number {
  const looks = objectGets + objectLooks
  return (
    readUnits * prices.millionReadUnits +
    writeUnits * prices.millionWriteUnits +
    1_000 * (objectPuts * prices.thousandObjectPuts + looks * prices.thousandObjectGets)
  )
}

const publishesOf = (operations: readonly Operation[]) =>
  [
    'raw: PUT of a file',
    'npm: publish of a new package',
    'Python: upload of a wheel',
    'Maven: deploy of POM and jar, sums and metadata',
  ].map((name) => named(operations, name))

function named(operations: readonly Operation[], name: string): Operation {
  const found = operations.find((one) => one.name === name)
  if (found === undefined) throw new Error(`Nobody counted '${name}'`)
  return found
}

type Figures = Omit<Operation, 'name'>
function sum(operations: readonly Operation[]): Figures {
  const names = Object.keys(operations[0] ?? {}).filter((name) => name !== 'name') as (keyof Figures)[]
  return Object.fromEntries(
    names.map((name) => [name, operations.reduce((total, one) => total + one[name], 0)]),
  ) as unknown as Figures
}
function mean(operations: readonly Operation[]): Figures {
  const total = sum(operations)
  return Object.fromEntries(Object.entries(total).map(([name, value]) => [name, value / operations.length])) as unknown as Figures
}

const few = (value: number) => (Number.isInteger(value) ? String(value) : value.toFixed(value < 10 ? 2 : 1))
const many = (value: number) => Math.round(value).toLocaleString('en-US')
const dollars = (value: number) => `$${value < 100 ? value.toFixed(2) : many(value)}`
const table = (head: readonly string[], rows: readonly (readonly string[])[]) =>
  [head, head.map((_, at) => (at === 0 ? '---' : '---:')), ...rows].map((row) => `| ${row.join(' | ')} |`).join('\n')

export function capacityPage(operations: readonly Operation[], idle: Calls): string {
  const sizes = [10, 1_000, 100_000].map((count) => capacityOf(count, operations, idle))
  const row = (name: string, of: (one: Capacity) => string) => [name, ...sizes.map(of)]
  const download = named(operations, 'npm: tarball, first on this node')
  const index = named(operations, 'npm: packument, 304')
  const monthly = (one: Capacity) => Object.values(one.monthly).reduce((total, value) => total + value, 0)
  return `# What it asks of S3 and DynamoDB, and what that comes to

Made by \`node dist/test/bench/cloud-calls.js --write\`: a whole house on stores that count what the drivers would send. Requests and sizes are measured; everything below *Assumed* is arithmetic on
paper, and no bill. Prices are parameters in \`test/bench/cloud-capacity.ts\`: list prices of a large region as they were known in June 2025.

## Measured: calls and units per operation

Averages of 50, callers known to the node. Read units are 4 KiB read strongly, write units 1 KiB (twice that in a transaction); an item is a row in a commit, checks included. Rows and bytes are what the
table grows by. Files above 8 MiB go in parts of as much, each a PUT more.

${table(
  [
    'operation',
    'HTTP',
    'GetItem',
    'Query',
    'commits',
    'items',
    'read units',
    'write units',
    'S3 PUT',
    'S3 GET',
    'rows',
    'bytes',
    'per million',
  ],
  operations.map((one) => [
    one.name,
    ...[
      one.requests,
      one.gets,
      one.queries,
      one.commits,
      one.items,
      one.readUnits,
      one.writeUnits,
      one.objectPuts,
      one.objectGets,
      one.rows,
    ].map(few),
    many(one.bytes),
    dollars(perMillion(one)),
  ]),
)}

A house that nobody asks anything makes ${few(idle.gets + idle.queries)} reads and ${few(idle.commits)} commits a second (${few(idle.readUnits)} read units, ${few(idle.writeUnits)} write units): ${dollars(
    perMillion(idle) * 2.592,
  )} a month. One holder of a lease does each chore; a further node asks for the leases it has not, which is 1.6 reads a second.

* **A million downloads** (an index that was asked for before, and its file): ${dollars(perMillion(index) + perMillion(download))} for both services, whatever the size of the files.
* **A TiB stored**: ${dollars(1024 * prices.objectGiBMonth)} a month in the bucket, and ${dollars(
    (1024 * 1024 * (mean(publishesOf(operations)).bytes / 1024 ** 3) * (prices.tableGiBMonth + prices.recoveryGiBMonth)) /
      assumed.artifactMiB,
  )} for its rows, at ${assumed.artifactMiB} MiB a file. **A TiB sent** to the internet: ${dollars(1024 * prices.gibToInternet)}, by far the largest part of any bill; within the region nothing.

## Assumed: an organization in a month

${Object.entries(assumed)
  .map(([name, value]) => `\`${name}\` ${value.toLocaleString('en-US')}`)
  .join(' · ')}

## Arithmetic: 10, 1,000 and 100,000 organizations

${table(
  ['', ...sizes.map(({ organizations }) => many(organizations))],
  [
    row('artifacts', ({ organizations }) => many(organizations * assumed.artifacts)),
    row('rows', ({ rows }) => many(rows)),
    row('partition keys', ({ partitionKeys }) => many(partitionKeys)),
    row('table, GiB', ({ tableGiB }) => few(tableGiB)),
    row('bucket, TiB', ({ objectTiB }) => few(objectTiB)),
    row('requests a second, busiest', ({ requestsPerSecond }) => few(requestsPerSecond)),
    row('read units a second, busiest', ({ readUnitsPerSecond }) => few(readUnitsPerSecond)),
    row('write units a second, busiest', ({ writeUnitsPerSecond }) => few(writeUnitsPerSecond)),
    row('partitions of the table, at least', ({ partitions }) => many(partitions)),
    row('nodes', ({ nodes }) => many(nodes)),
    row('table, a month', ({ monthly: { table: cost } }) => dollars(cost)),
    row('bucket, a month', ({ monthly: { bucket } }) => dollars(bucket)),
    row('nodes and balancer, a month', ({ monthly: { nodes } }) => dollars(nodes)),
    row('traffic to the internet, a month', ({ monthly: { traffic } }) => dollars(traffic)),
    row('together, for an organization', (one) => dollars(monthly(one) / one.organizations)),
  ],
)}

* The keys spread: a partition key is one package, folder, blob, token or member, or one of 16 shards of a list, so the table has some ${many(
    sizes[2]?.partitionKeys ?? 0,
  )} of them at 100,000 organizations, and splits as its load asks. What every request of an organization reads (its epoch) lies in 16 copies: ${many(
    16 * partitionReads,
  )} reads a second for one organization before DynamoDB slows it down.
* Object keys begin with the organization and spread over 256 folders of it; S3 splits by prefix as load grows (5,500 GETs a second each).
* What grows with the number of organizations and not with their use: chores that walk everything (the weekly sweep reads every row: ${dollars(
    (((sizes[2]?.tableGiB ?? 0) * 1024 * 1024) / 4 / 1e6) * prices.millionReadUnits,
  )} a run at 100,000).
`
}
