import { expect } from 'chai'
import raw from '../../../plugins/raw/index.js'

describe('the settings lines of raw', () => {
  it('are curl commands for this very repository', () => {
    const lines = raw.settings?.({ name: 'files', url: new URL('https://repo.example.com/acme/files/') }) ?? []
    expect(lines.map(({ client }) => client)).to.deep.equal(['curl'])
    const commands = lines[0]?.text.split('\n').filter((line) => line.startsWith('curl ')) ?? []
    expect(commands).to.have.length(5)
    for (const command of commands) expect(command).to.include('https://repo.example.com/acme/files/folder/')
  })
})
