import { createHash } from 'node:crypto'
import { expect } from 'chai'
import npm from '../../../plugins/npm/index.js'
import { Server } from '../../clients/server.js'
import { openHouse } from '../../support/house.js'
import { integrityOf, packed, publishDocument } from '../../support/npm-package.js'
import { PinnedClient } from '../../support/worker-processes.js'

interface Answered {
  readonly status: number
  readonly text: string
}
/** One way into a house: two of them race. */
type Way = (method: string, path: string, body?: string) => Promise<Answered>
interface Packument {
  readonly versions: Record<string, { readonly description: string; readonly dist: { integrity: string; shasum: string } }>
}

const pairs = Number(process.env['RACING_PAIRS'] ?? 200)
const lanes = 4

/** Two publishes at once, pair after pair: of one version of a new package or of one that is there, and of two versions of a new package. */
async function race(ways: readonly (readonly [Way, Way])[]): Promise<Record<string, number>> {
  const counts = { pairs: 0, won: 0, refused: 0, both: 0 }
  let next = 0
  const lane = async (two: readonly [Way, Way]) => {
    for (let n = next++; n < pairs; n = next++) {
      const kind = (['new', 'there', 'two'] as const)[n % 3] ?? 'new'
      const name = `@race/p${n}`
      if (kind === 'there') expect((await publish(two[0], name, '0.9.0', 'the first')).status).to.equal(201)
      const versions = kind === 'two' ? (['1.0.0', '1.0.1'] as const) : (['1.0.0', '1.0.0'] as const)
      const answers = await Promise.all(two.map((way, at) => publish(way, name, versions[at] ?? '', `by ${at}`)))
      counts.pairs += 1
      for (const [at, { status, text }] of answers.entries()) {
        if (status === 201) {
          counts.won += 1
          // Both processes serve what was acknowledged, and nothing else.
          for (const way of two) await served(way, name, versions[at] ?? '', `by ${at}`)
          continue
        }
        counts.refused += 1
        const error = `You cannot publish over the previously published versions: ${versions[at]}.`
        expect([status, JSON.parse(text)], name).to.deep.equal([403, { error }])
      }
      const won = answers.filter(({ status }) => status === 201).length
      expect(won, `${name} (${kind})`).to.equal(kind === 'two' ? 2 : 1)
      if (won === 2) counts.both += 1
    }
  }
  await Promise.all(ways.map(lane))
  return counts
}

async function contentOf(name: string, version: string, description: string) {
  const manifest = { name, version, description }
  return { manifest, content: await packed(manifest) }
}
async function publish(way: Way, name: string, version: string, description: string): Promise<Answered> {
  const { manifest, content } = await contentOf(name, version, description)
  return way('PUT', name.replace('/', '%2f'), JSON.stringify(publishDocument(manifest, content)))
}
async function served(way: Way, name: string, version: string, description: string): Promise<void> {
  const { content } = await contentOf(name, version, description)
  const { versions } = JSON.parse((await way('GET', name.replace('/', '%2f'))).text) as Packument
  const { dist, ...manifest } = versions[version] ?? { description: '', dist: { integrity: '', shasum: '' } }
  expect([manifest.description, dist.integrity, dist.shasum], name).to.deep.equal([
    description,
    integrityOf(content),
    createHash('sha1').update(content).digest('hex'),
  ])
  const file = await way('GET', `${name}/-/${name.slice(name.indexOf('/') + 1)}-${version}.tgz`)
  expect(file.status).to.equal(200)
  expect(Buffer.from(file.text, 'latin1').equals(content), `the bytes of ${name}`).to.equal(true)
}

describe('npm: two publishes at once', function () {
  this.timeout(180_000)
  const told = ({ pairs: raced, won, refused, both }: Record<string, number>, where: string) => {
    const third = Math.floor(pairs / 3)
    expect({ raced, both, won, refused }).to.deep.equal({ raced: pairs, both: third, won: pairs + third, refused: pairs - third })
    process.stdout.write(`    ${raced} pairs raced ${where}: ${won} published, ${refused} refused, none wrong\n`)
  }

  for (const processes of ['one process', 'two that share nothing but the stores'] as const)
    it(`have one winner of a version, and lose nothing, in ${processes}`, async () => {
      const plugins = [npm]
      const house = await openHouse({ plugins, repositories: [{ name: 'js', format: 'npm' }] })
      const other = processes === 'one process' ? house : await openHouse({ plugins, beside: house })
      try {
        const through =
          ({ call }: typeof house): Way =>
          async (method, path, body) => {
            const answer = await call(method, `/acme/js/${path}`, body === undefined ? {} : { body })
            return { status: answer.status, text: answer.body.toString(path.endsWith('.tgz') ? 'latin1' : 'utf8') }
          }
        told(await race(Array.from({ length: lanes }, () => [through(house), through(other)] as const)), `in ${processes}`)
      } finally {
        if (other !== house) await other.close()
        await house.close()
      }
    })

  it('have one winner of a version, and lose nothing, in two processes of the system', async () => {
    const server = await Server.start({ CLOUDREPO_WORKERS: '2' })
    const clients: PinnedClient[] = []
    try {
      const { org, token } = await server.target('npm')
      const through = (client: PinnedClient): Way => {
        clients.push(client)
        return (method, path, body) =>
          client.send(method, `/${org}/npm/${path}`, {
            authorization: `Bearer ${token}`,
            ...(body === undefined ? {} : { body }),
            ...(path.endsWith('.tgz') ? { encoding: 'latin1' } : {}),
          })
      }
      const ways: (readonly [Way, Way])[] = []
      while (ways.length < lanes) {
        const [one, two] = await PinnedClient.ofEach(server.url, server.workers)
        if (one === undefined || two === undefined) throw new Error('there are not two workers')
        ways.push([through(one), through(two)])
      }
      told(await race(ways), 'in two processes of the system')
    } finally {
      for (const client of clients) client.close()
      await server.stop()
    }
  })
})
