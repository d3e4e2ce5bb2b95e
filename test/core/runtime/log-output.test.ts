import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, openSync, readFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import { LogOutput } from '../../../core/runtime/log-output.js'

const compiled = new URL('../../../core/runtime/log-output.js', import.meta.url).href

describe('The output of the log', () => {
  let folder: string
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'log-output-'))
  })
  after(() => rm(folder, { recursive: true }))

  it('has every line in order, whether written behind or flushed', async () => {
    const file = join(folder, 'log')
    const descriptor = openSync(file, 'w')
    const output = new LogOutput(descriptor)
    const lines = Array.from({ length: 5_000 }, (_, number) => `line ${number} ü\n`)
    for (const [at, line] of lines.entries()) {
      output.write(line)
      if (at % 1_000 === 0) await new Promise((resolve) => setImmediate(resolve))
    }
    await new Promise((resolve) => setTimeout(resolve, 20))
    output.flush()
    closeSync(descriptor)
    expect(new Set(readFileSync(file, 'utf8').split('\n'))).to.deep.equal(new Set([...lines.map((line) => line.trim()), '']))
  })

  for (const how of ['written behind', 'flushed'])
    it(`does not hold a process whose reader is gone: ${how}`, async () => {
      const script = `
        const { LogOutput } = await import(${JSON.stringify(compiled)})
        const output = new LogOutput(1)
        process.stdin.resume().on('end', () => {
          output.write('x'.repeat(${how === 'flushed' ? 10 : 40_000}) + '\\n')
          setTimeout(() => { output.flush(); output.write('y'); output.flush() }, ${how === 'flushed' ? 0 : 100})
        })
        process.stderr.write('up')`
      const child = spawn(process.execPath, ['--input-type=module', '-e', script], { stdio: ['pipe', 'pipe', 'pipe'] })
      const exited = once(child, 'exit')
      await once(child.stderr, 'data')
      child.stdout.destroy()
      child.stdin.end()
      expect(await exited).to.deep.equal([0, null])
    })

  it('waits for a reader that is slow, when the process ends', async () => {
    const script = `
      const { LogOutput } = await import(${JSON.stringify(compiled)})
      const output = new LogOutput(1)
      for (let number = 0; number < 20_000; number++) output.write('a line of the log ' + number + '\\n')
      output.flush()`
    const child = spawn(process.execPath, ['--input-type=module', '-e', script], { stdio: ['ignore', 'pipe', 'inherit'] })
    let text = ''
    for await (const chunk of child.stdout) text += chunk
    expect(text.trim().split('\n').at(-1)).to.equal('a line of the log 19999')
  })
})
