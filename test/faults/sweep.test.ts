import { expect } from 'chai'
import { sweepUnderLoad } from './sweep-load.js'

const seconds = Number(process.env['SWEEP_SECONDS'] ?? 40)

describe('sweepers of two processes beside uploads, overwrites, deletes and equal bytes, with kill -9', function () {
  this.timeout(seconds * 1_000 + 600_000)

  it('remove nothing that somebody was told is there, and leave nothing behind', async () => {
    const tally = await sweepUnderLoad({ seconds, build: 'sound' })
    const { audit, wrong, invented } = tally
    process.stdout.write(
      `      ${tally.operations} operations acknowledged (${tally.undone} undone deletes, ${tally.batches} archives), ${tally.kills} kills, ${tally.sweeps} sweeps, ${tally.removed} blobs removed, ${wrong.length} wrong; ` +
        `${audit?.storedBytes} bytes stored, ${audit?.referencedBytes} referenced; ${audit?.told} events told, ${audit?.untold.length} lost, ${audit?.inventedEvents.length} invented\n`,
    )
    expect([wrong, invented]).to.deep.equal([[], []])
    expect([audit?.dangling, audit?.orphans, audit?.intents]).to.deep.equal([[], [], 0])
    expect([audit?.untold, audit?.inventedEvents]).to.deep.equal([[], []])
    expect(audit?.storedBytes).to.be.within((audit?.referencedBytes ?? 0) * 0.999, (audit?.referencedBytes ?? 0) * 1.001)
    expect(tally.operations).to.be.greaterThan(seconds)
    expect(tally.removed).to.be.greaterThan(seconds)
    expect(tally.kills).to.be.greaterThan(seconds / 8)
    expect([tally.undone, tally.batches].every((count) => count > seconds / 20)).to.equal(true)
  })

  it('are a test that can fail: a build whose commits do not look whether a blob they share is still live is caught', async () => {
    const tally = await sweepUnderLoad({ seconds: Math.max(seconds, 300), build: 'careless', untilCaught: true })
    process.stdout.write(`      caught after ${tally.operations} operations: ${tally.wrong[0] ?? ''}\n`)
    expect(tally.wrong.length + tally.invented.length + (tally.audit?.dangling.length ?? 0)).to.be.greaterThan(0)
  })
})
