import raw from '../../plugins/raw/index.js'
import { openHouse } from '../support/house.js'
import { curlFlow } from './curl-flow.js'

describe('curl', () => {
  it('puts, gets, resumes, revalidates, lists and removes files', async () => {
    const house = await openHouse({ plugins: [raw], repositories: [{ name: 'files', format: 'raw' }] })
    try {
      const member = 'olga'
      await curlFlow({
        url: house.url,
        org: 'acme',
        repo: 'files',
        member,
        password: house.password(member),
        token: house.token(member),
      })
    } finally {
      await house.close()
    }
  })
})
