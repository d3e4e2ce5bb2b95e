import 'reflect-metadata'
import { manyOf, SpreadHouse, uploadClients, uploadFormats } from '../support/spread-house.js'

/** How 64 clients that publish into an organization with 100,000 packages spread over the partitions of a table with hash keys, and how often two of their
 *  transactions meet in an item. Counted in a store in memory, so that it is about keys and nothing else. Goal: 5 % for the busiest, no meeting. */
const packages = Number(process.env['BENCH_PACKAGES'] ?? 100_000)
const each = Number(process.env['BENCH_UPLOADS'] ?? 256)

const spread = await SpreadHouse.open(packages)
try {
  const rows: Record<string, unknown>[] = []
  const measure = async (uploads: string, formats: typeof uploadFormats, prefix: string, version = '1.0.0') => {
    const { requests, busiest, partition, conflicts } = await spread.measure(manyOf(each, prefix, formats, version))
    rows.push({ uploads, requests, 'busiest %': Number((busiest * 100).toFixed(2)), partition, conflicts })
  }
  await measure('all formats, new packages', uploadFormats, 'mixed')
  await measure('all formats, next versions', uploadFormats, 'mixed', '2.0.0')
  for (const format of uploadFormats) {
    await measure(`${format} alone, new packages`, [format], format)
    await measure(`${format} alone, next versions`, [format], format, '2.0.0')
  }
  if (process.argv.includes('--json')) process.stdout.write(`${JSON.stringify({ packages, clients: uploadClients, rows })}\n`)
  else {
    process.stdout.write(`${packages} packages in the organization, ${uploadClients} clients\n\n`)
    process.stdout.write('| uploads | requests | busiest partition | which | conflicts |\n| --- | --- | --- | --- | --- |\n')
    for (const row of rows)
      process.stdout.write(
        `| ${row['uploads']} | ${row['requests']} | ${row['busiest %']} % | \`${row['partition']}\` | ${row['conflicts']} |\n`,
      )
  }
} finally {
  await spread.close()
}
