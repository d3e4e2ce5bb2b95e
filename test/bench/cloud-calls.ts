import 'reflect-metadata'
import { writeFile } from 'node:fs/promises'
import { parseArgs } from 'node:util'
import { capacityPage } from './cloud-capacity.js'
import { countIdle, countOperations } from './cloud-operations.js'

/** What each operation asks of S3 and DynamoDB, and what that comes to: prints the page, and with `--write` makes examples/cloud/capacity.md of it. */
const { values } = parseArgs({ options: { write: { type: 'boolean', default: false }, idle: { type: 'string', default: '60' } } })
const page = capacityPage(await countOperations(50), await countIdle(Number(values.idle)))
if (values.write) await writeFile(new URL('../../../examples/cloud/capacity.md', import.meta.url), page)
else console.log(page)
