// Mocha's own listing, and one closing line that any reader of logs can count. What real clients did is written down as well, a JSON object a line, where
// CLOUDREPO_CLIENT_ROWS names a file: the table at the end of `npm run test:clients` is made of it.
const { appendFileSync } = require('node:fs')
const { reporters } = require('mocha')

const rows = process.env.CLOUDREPO_CLIENT_ROWS
/** Of a run among several: their sum is told by whoever started them. */
const counts = process.env.CLOUDREPO_TEST_COUNTS
/** Milliseconds in which a process whose tests are over has to end by itself. */
const patience = 30_000

module.exports = class ClosingLine extends reporters.Spec {
  constructor(runner, options) {
    super(runner, options)
    runner.on('pass', (test) => writeRow(test, 'ok'))
    runner.on('pending', (test) => writeRow(test, 'not here'))
    runner.on('fail', (test) => writeRow(test, 'failed'))
    runner.once('end', () => {
      const { passes, failures } = this.stats
      if (counts) appendFileSync(counts, `${JSON.stringify({ passes, failures })}\n`)
      else console.log(`${passes} passed, ${failures} failed`)
      setTimeout(stillAlive, patience).unref()
    })
  }
}

/** A test left something behind that would keep the run from ever ending. */
function stillAlive() {
  console.error(`the tests are over, but the process lives on: ${process.getActiveResourcesInfo().join(', ')}`)
  process.exit(1)
}

/** The outermost title is 'CLIENT VERSION', what is below it says what the client does. */
function writeRow(test, result) {
  if (!rows || !/[\\/]test[\\/]clients[\\/]/.test(test.file ?? '')) return
  const [title = '', ...flow] = test.titlePath()
  const space = title.lastIndexOf(' ')
  const row = {
    client: space < 0 ? title : title.slice(0, space),
    version: space < 0 ? '' : title.slice(space + 1),
    flow: flow.join(': '),
    result,
    seconds: Math.round((test.duration ?? 0) / 100) / 10,
  }
  appendFileSync(rows, `${JSON.stringify(row)}\n`)
}
