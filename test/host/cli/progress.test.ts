import { expect } from 'chai'
import { withProgress } from '../../../host/cli/progress.js'
import { run } from '../../clients/run.js'

const module = new URL('../../../host/cli/progress.js', import.meta.url).href
/** Work that is known to take longer than a bar waits. */
const program = (json: boolean) =>
  `const { withProgress } = await import('${module}'); ` +
  `await withProgress({ json: ${json}, label: 'copying', total: 4 }, async (progress) => { ` +
  `await new Promise((resolve) => setTimeout(resolve, 900)); progress.advance(3); }); console.log('done')`

describe('The bar of progress', function () {
  this.timeout(20_000)
  const words = (json: boolean) => [process.execPath, '--input-type=module', '-e', program(json)]
  const quoted = (json: boolean) =>
    words(json)
      .map((word) => `'${word.replaceAll("'", "'\\''")}'`)
      .join(' ')

  it('appears on a terminal and is gone when the work is', async () => {
    const { output, status } = await run('script', ['--quiet', '--return', '--command', quoted(false), '/dev/null'], { cwd: '/' })
    expect(status).to.equal(0)
    expect(output).to.match(/copying .*0\/4/)
    expect(output).to.match(/copying .*3\/4/)
    expect(output).to.contain('done')
  })

  it('does not appear with --json, nor where standard error is no terminal', async () => {
    const silent = await run('script', ['--quiet', '--return', '--command', quoted(true), '/dev/null'], { cwd: '/' })
    expect([silent.status, silent.output.trim()]).to.deep.equal([0, 'done'])
    const [command = '', ...rest] = words(false)
    const piped = await run(command, rest, { cwd: '/' })
    expect([piped.status, piped.stdout, piped.stderr]).to.deep.equal([0, 'done\n', ''])
  })

  it('hands on what the work answers, and its failure', async () => {
    expect(await withProgress({ label: 'x' }, async () => 7)).to.equal(7)
    const failure = await withProgress({ label: 'x' }, () => Promise.reject(new Error('broken'))).catch((error: Error) => error)
    expect((failure as Error).message).to.equal('broken')
  })
})
