import { createHash } from 'node:crypto'
import { expect } from 'chai'
import { Server } from '../../clients/server.js'
import { call } from '../../support/client.js'
import { multipart, uploadParts } from '../../support/upload-form.js'
import { buildWheel } from '../../support/wheel-builder.js'
import { json } from './pypi-house.js'

const pairs = Number(process.env['RACE_PAIRS'] ?? 200)

describe('uploads to one Python index at the same time, by two worker processes', function () {
  this.timeout(300_000)
  let server: Server
  let authorization: string
  before(async () => {
    server = await Server.start({ CLOUDREPO_WORKERS: '2' })
    authorization = `Bearer ${(await server.target('pypi')).token}`
  })
  after(() => server.stop())

  const get = (target: string, accept = '*/*') => call(server.url, { method: 'GET', target, headers: { authorization, accept } })

  it(`of two contents of one file one wins, ${pairs} times, and its bytes are what everybody gets`, async () => {
    for (let round = 0; round < pairs; round++) {
      const [name, version] = [`raced-${round % 5}`, `1.${round}`]
      const files = ['one', 'two'].map((text) => buildWheel({ name, version, files: { 'text.txt': text } }))
      // Each on a connection of its own: these go to the workers in turns.
      const answers = await Promise.all(
        files.map((file) => {
          const { headers, body } = multipart(uploadParts(file, name, version))
          return call(server.url, { method: 'POST', target: '/main/pypi/', headers: { ...headers, authorization }, body })
        }),
      )
      expect(answers.map(({ status }) => status).sort()).to.deep.equal([200, 400])
      const winner = files[answers.findIndex(({ status }) => status === 200)]
      const loser = answers.find(({ status }) => status === 400)
      expect(loser?.reason).to.equal(`File already exists ('${winner?.filename}', with sha256 hash '${winner?.sha256}').`)
      for (const _ of ['one worker', 'the other']) {
        const page = await get(`/main/pypi/simple/${name}/`, json)
        const { files: listed } = page.json() as { files: readonly { filename: string; hashes: { sha256: string } }[] }
        const found = listed.filter(({ filename }) => filename === winner?.filename).map(({ hashes }) => hashes.sha256)
        expect(found).to.deep.equal([winner?.sha256])
        const { status, body } = await get(`/main/pypi/files/${winner?.sha256}/${winner?.filename}`)
        expect([status, createHash('sha256').update(body).digest('hex')]).to.deep.equal([200, winner?.sha256])
      }
    }
  })
})
