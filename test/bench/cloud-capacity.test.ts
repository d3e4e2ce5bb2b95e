import { readFile } from 'node:fs/promises'
import { expect } from 'chai'
import { assumed, capacityOf, capacityPage, perMillion, prices } from './cloud-capacity.js'
import { countOperations, type Operation } from './cloud-operations.js'
import { noCalls } from './counted-stores.js'

const page = new URL('../../../examples/cloud/capacity.md', import.meta.url)

describe('The count of calls to S3 and DynamoDB', function () {
  this.timeout(60_000)
  let operations: readonly Operation[]
  before(async () => {
    operations = await countOperations(3)
  })
  const named = (name: string) => {
    const found = operations.find((one) => one.name === name)
    if (!found) throw new Error(name)
    return found
  }

  it('has reads write nothing, and what a node has in memory ask for nothing but its right', () => {
    const reads = operations.filter(({ name }) => !/PUT|publish|upload|deploy/.test(name))
    expect(reads.length).to.be.greaterThan(7)
    for (const { name, commits, objectPuts, rows } of reads)
      expect([name, commits, objectPuts, rows]).to.deep.equal([name, 0, 0, 0])
    for (const { name, gets, queries, objectGets } of reads.filter(({ name }) => /304|again/.test(name)))
      expect([name, gets <= 3, queries, objectGets]).to.deep.equal([name, true, 0, 0])
    for (const { name, objectGets } of reads.filter(({ name }) => /first on this node/.test(name)))
      expect([name, objectGets]).to.deep.equal([name, 1])
  })

  it('has a publish put its bytes once, and name them in few commits', () => {
    const { objectPuts, commits, rows, partitions } = named('raw: PUT of a file')
    expect([objectPuts, commits]).to.deep.equal([1, 2])
    expect(rows).to.be.within(4, 8)
    expect(partitions).to.be.within(2, 5)
    expect(named('npm: publish of a further version').objectPuts).to.equal(1)
    expect(named('Maven: deploy of POM and jar, sums and metadata')).to.deep.include({ requests: 9, objectPuts: 2 })
  })

  it('stands in examples/cloud/capacity.md, for these operations', async () => {
    const text = await readFile(page, 'utf8')
    for (const { name } of operations) expect(text).to.contain(`| ${name} | `)
    const lines = (one: string) => one.split('\n').map((line) => line.replace(/[\d.,]+/g, '0'))
    expect(lines(text).filter((line) => line.startsWith('#'))).to.deep.equal(
      lines(capacityPage(operations, noCalls())).filter((line) => line.startsWith('#')),
    )
  })
})

describe('What calls come to', () => {
  const operation = (name: string, more: Partial<Operation>): Operation => ({
    name,
    ...noCalls(),
    requests: 1,
    rows: 0,
    bytes: 0,
    partitions: 0,
    ...more,
  })
  const operations = [
    operation('npm: packument, 304', { readUnits: 2 }),
    operation('npm: tarball, first on this node', { readUnits: 4, objectGets: 1 }),
    ...[
      'raw: PUT of a file',
      'npm: publish of a new package',
      'Python: upload of a wheel',
      'Maven: deploy of POM and jar, sums and metadata',
    ].map((name) => operation(name, { readUnits: 20, writeUnits: 16, objectPuts: 1, rows: 10, bytes: 4_096, partitions: 4 })),
  ]

  it('is prices times units', () => {
    const calls = { ...noCalls(), readUnits: 8, writeUnits: 2, objectPuts: 1, objectGets: 1, objectLooks: 1 }
    const expected =
      8 * prices.millionReadUnits +
      2 * prices.millionWriteUnits +
      1_000 * prices.thousandObjectPuts +
      2_000 * prices.thousandObjectGets
    expect(perMillion(calls)).to.be.closeTo(expected, 1e-9)
  })

  it('grows with organizations, from two nodes on', () => {
    const [small, large] = [1, 1_000].map((count) => capacityOf(count, operations, noCalls()))
    if (!small || !large) throw new Error('nothing was counted')
    expect([small.nodes, small.partitions]).to.deep.equal([2, 1])
    expect(large.rows).to.equal(1_000 * assumed.artifacts * 10)
    expect(large.partitionKeys).to.equal(1_000 * assumed.artifacts * 4)
    expect(large.tableGiB).to.be.closeTo((1_000 * assumed.artifacts * 4_096) / 1024 ** 3, 1e-9)
    const requests = 1_000 * (2 * assumed.downloads + assumed.publishes)
    expect(large.requestsPerSecond).to.be.closeTo(((requests / 30) * assumed.busyHourShare * assumed.burst) / 3_600, 1e-6)
    const units = 1_000 * (6 * assumed.downloads + 20 * assumed.publishes)
    const writes = 1_000 * 16 * assumed.publishes
    expect(large.monthly.table).to.be.closeTo(
      (units * prices.millionReadUnits + writes * prices.millionWriteUnits) / 1e6 +
        large.tableGiB * (prices.tableGiBMonth + prices.recoveryGiBMonth),
      1e-6,
    )
  })
})
