import type { FileHandle } from 'node:fs/promises'
import { join } from 'node:path'
import { expect } from 'chai'
import { FsBlobStore } from '../../../core/storage/drivers/fs-blob-store.js'
import binaries from '../../../examples/new-format/binaries.js'
import api from '../../../plugins/api/index.js'
import raw from '../../../plugins/raw/index.js'
import { type Answer, type House, openHouse } from '../../support/house.js'

/** An upload that has begun, and ends when it is told to. */
function begin(house: House, target: string): { readonly begun: Promise<void>; finish(): Promise<Answer> } {
  let begun: () => void = () => {}
  let finish: () => void = () => {}
  const started = new Promise<void>((resolve) => {
    begun = resolve
  })
  const told = new Promise<void>((resolve) => {
    finish = resolve
  })
  async function* body() {
    yield Buffer.alloc(100_000, 1)
    begun()
    await told
    yield Buffer.alloc(100_000, 2)
  }
  const answer = house.call('PUT', target, { body: body() })
  return {
    begun: started,
    finish() {
      finish()
      return answer
    },
  }
}

describe('a right that is withdrawn while an upload runs', () => {
  let house: House
  beforeEach(async () => {
    house = await openHouse({ plugins: [binaries, api], repositories: [{ name: 'bin', format: 'binaries' }] })
  })
  afterEach(() => house.close())

  const manage = async (method: string, target: string, body?: object) => {
    const answer = await house.call(method, `/acme/-/api/v1/${target}`, {
      headers: { authorization: `Bearer ${house.operatorToken()}`, 'content-type': 'application/json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    })
    expect(answer.status, answer.text()).to.be.lessThan(300)
    return answer
  }

  for (const [what, status, withdraw] of [
    ['the member is switched off', 401, () => manage('PATCH', 'members/dora', { status: 'inactive' })],
    ['the member is removed', 401, () => manage('DELETE', 'members/dora')],
    ['the role shrinks to reading', 403, () => manage('PATCH', 'members/dora', { role: 'reader' })],
    ['the repository is removed', 404, () => manage('DELETE', 'repositories/bin')],
    ['the format is switched off', 403, () => manage('PUT', 'formats/binaries', { enabled: false })],
    [
      'the token is revoked',
      401,
      async () => {
        const { items } = (await manage('GET', 'tokens?member=dora')).json() as { items: { id: string }[] }
        return manage('DELETE', `tokens/${items[0]?.id}?member=dora`)
      },
    ],
  ] as const)
    it(`counts: ${what}, and nothing is written`, async () => {
      const upload = begin(house, '/acme/bin/tool/1.0.0')
      await upload.begun
      await withdraw()
      expect((await upload.finish()).status).to.equal(status)
      expect([await house.storedFiles(), await house.storedDocuments(), await house.storedBlobs()]).to.deep.equal([[], [], 0])
    })

  it('leaves an upload alone whose caller was not meant', async () => {
    const upload = begin(house, '/acme/bin/tool/1.0.0')
    await upload.begun
    await manage('PATCH', 'members/rita', { status: 'inactive' })
    expect((await upload.finish()).status).to.equal(201)
  })
})

describe('a right that is withdrawn while the bytes of an upload become durable', () => {
  it('counts as well: the caller is asked for again immediately before the commit', async () => {
    let flushing: () => Promise<unknown> = async () => {}
    class Slow extends FsBlobStore {
      protected override async syncFile(handle: FileHandle): Promise<void> {
        await flushing()
        await super.syncFile(handle)
      }
    }
    const house = await openHouse({
      plugins: [binaries, api],
      repositories: [{ name: 'bin', format: 'binaries' }],
      store: 'files',
      parts: async (folder = '') => ({ blobs: await Slow.open({ folder: join(folder, 'slow') }) }),
    })
    try {
      flushing = () =>
        house.call('DELETE', '/acme/-/api/v1/members/dora', {
          headers: { authorization: `Bearer ${house.operatorToken()}` },
        })
      expect((await house.call('PUT', '/acme/bin/tool/1.0.0', { body: 'bytes' })).status).to.equal(401)
      expect([await house.storedFiles(), await house.storedDocuments(), await house.storedBlobs()]).to.deep.equal([[], [], 0])
    } finally {
      await house.close()
    }
  })
})

describe('a repository whose rules change while an upload runs', () => {
  it('takes it by the new rules: the upload is to be sent again, and nothing is written', async () => {
    const house = await openHouse({ plugins: [raw, api], repositories: [{ name: 'files', format: 'raw' }] })
    try {
      expect((await house.call('PUT', '/acme/files/x', { body: 'first' })).status).to.equal(201)
      const upload = begin(house, '/acme/files/x')
      await upload.begun
      const changed = await house.call('PATCH', '/acme/-/api/v1/repositories/files', {
        headers: { authorization: `Bearer ${house.operatorToken()}`, 'content-type': 'application/json' },
        body: JSON.stringify({ writePolicy: 'once' }),
      })
      expect(changed.status, changed.text()).to.equal(200)
      expect((await upload.finish()).status).to.equal(503)
      expect((await house.call('GET', '/acme/files/x')).text()).to.equal('first')
      expect((await house.call('PUT', '/acme/files/x', { body: 'second' })).status).to.equal(409)
    } finally {
      await house.close()
    }
  })
})
