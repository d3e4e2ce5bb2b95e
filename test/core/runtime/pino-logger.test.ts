import { expect } from 'chai'
import { PinoLogger } from '../../../core/runtime/pino-logger.js'

function open(level: 'debug' | 'info' = 'info') {
  const lines: string[] = []
  const log = PinoLogger.open({ write: (line) => void lines.push(line) }, level)
  const read = () => lines.map((line) => JSON.parse(line) as Record<string, unknown>)
  return { log, lines, read }
}

describe('The log', () => {
  it('is JSON with time, level, event and fields', () => {
    const { log, read } = open()
    log.info('request', { method: 'GET', status: 200, bytes: 5 })
    const { time, ...line } = read()[0] ?? {}
    expect(line).to.deep.equal({ level: 'info', event: 'request', method: 'GET', status: 200, bytes: 5 })
    expect(time).to.match(/^\d{4}-\d\d-\d\dT/)
  })

  it('takes fields of known names alone, and names the others', () => {
    const { log, lines, read } = open()
    log
      .with({ plugin: 'npm', authorization: 'Bearer marked' })
      .warn('x', { password: 'marked', body: 'marked', url: 'marked', status: 1 })
    expect(lines.join('')).to.not.contain('marked')
    expect(read()[0]).to.deep.include({ plugin: 'npm', status: 1, dropped: ['password', 'body', 'url'] })
  })

  it('tells an error by type, message, code and stack, never by its other properties', () => {
    const { log, lines, read } = open()
    const cause = Object.assign(new TypeError('outer', { cause: Object.assign(new Error('inner'), { code: 'EIO' }) }), {
      request: 'marked',
    })
    log.error('failed', { cause })
    const line = read()[0]?.['cause'] as Record<string, unknown>
    expect([line['type'], line['message'], (line['cause'] as Record<string, unknown>)['code']]).to.deep.equal([
      'TypeError',
      'outer',
      'EIO',
    ])
    expect(lines.join('')).to.not.contain('marked')
    log.error('failed', { cause: 'marked string' })
    expect(read()[1]?.['cause']).to.deep.equal({ type: 'string' })
  })

  it('bounds what it is told, and leaves out what is below its level', () => {
    const { log, lines, read } = open()
    log.debug('quiet')
    log.info('long', { name: 'x'.repeat(10_000), names: Array.from({ length: 1_000 }, () => 'y') })
    expect(lines.length).to.equal(1)
    expect(lines[0]?.length).to.be.lessThan(2_000)
    expect(String(read()[0]?.['name'])).to.have.length(501)
  })
})
