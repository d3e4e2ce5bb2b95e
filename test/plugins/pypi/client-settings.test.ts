import { expect } from 'chai'
import { clientSettings } from '../../../plugins/pypi/client-settings.js'

describe('lines for the settings of Python clients', () => {
  it('name the index for readers and the repository for publishers', () => {
    const lines = clientSettings({ name: 'py', url: new URL('https://repo.example.com/acme/py/') })
    expect(lines.map(({ client }) => client)).to.deep.equal(['pip', 'uv', 'twine'])
    const [pip, uv, twine] = lines.map(({ text }) => text)
    expect(pip).to.contain('index-url = https://repo.example.com/acme/py/simple/')
    expect(uv)
      .to.contain('url = "https://repo.example.com/acme/py/simple/"')
      .and.to.contain('publish-url = "https://repo.example.com/acme/py/"')
    expect(twine).to.contain('repository = https://repo.example.com/acme/py/')
  })
})
