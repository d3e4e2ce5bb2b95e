import api from '../../plugins/api/index.js'
import { mavenPlugin } from '../../plugins/maven/index.js'
import npm from '../../plugins/npm/index.js'
import { pypiPlugin } from '../../plugins/pypi/index.js'
import raw from '../../plugins/raw/index.js'
import type { FixedClock } from './fixed-clock.js'
import { type House, openHouse } from './house.js'
import { MavenDeployment } from './maven-deployment.js'
import { publishBody } from './npm-package.js'
import { multipart, uploadParts } from './upload-form.js'
import { buildWheel } from './wheel-builder.js'

/** Every format as its clients see it: how a version is published, and all that can be read of it. */
export interface Shelf {
  readonly format: string
  /** Of versions '1.0.0' and '2.0.0', as the management interface has it in an address. */
  readonly name: string
  readonly pkg: string
  version(version: string): string
  publish(house: House, repository: string, version: string): Promise<unknown>
  /** Addresses below the repository that say anything of it. */
  reads(version: string): readonly string[]
}

const wheel = (version: string) => buildWheel({ name: 'demo-lib', version })
const coordinates = (version: string) => ({ group: 'org.demo', artifact: 'lib', version })

export const shelves: readonly Shelf[] = [
  {
    format: 'raw',
    name: 'docs%2Fguide',
    pkg: 'docs/guide',
    version: (version) => `${version}.txt`,
    publish: (house, repository, version) =>
      house.call('PUT', `/acme/${repository}/docs/guide/${version}.txt`, {
        body: `guide ${version}`,
        headers: { 'content-type': 'text/x-guide' },
      }),
    reads: (version) => [
      `docs/guide/${version}.txt`,
      `docs/guide/${version}.txt.sha256`,
      'docs/guide/?format=json',
      '?format=json',
    ],
  },
  {
    format: 'npm',
    name: '@acme%2Fui',
    pkg: '@acme/ui',
    version: (version) => version,
    publish: async (house, repository, version) =>
      house.call('PUT', `/acme/${repository}/@acme%2fui`, {
        body: JSON.stringify(await publishBody({ name: '@acme/ui', version, description: `says ${version}` })),
        headers: { 'content-type': 'application/json' },
      }),
    reads: (version) => [
      '@acme%2fui',
      `@acme%2fui/${version}`,
      `@acme/ui/-/ui-${version}.tgz`,
      '-/package/@acme%2fui/dist-tags',
      '-/v1/search?text=ui',
    ],
  },
  {
    format: 'pypi',
    name: 'demo-lib',
    pkg: 'demo-lib',
    version: (version) => version,
    async publish(house, repository, version) {
      const { headers, body } = multipart(uploadParts(wheel(version), 'demo-lib', version, {}))
      return house.call('POST', `/acme/${repository}/`, { headers, body })
    },
    reads: (version) => [
      'simple/demo-lib/',
      'simple/',
      `files/${wheel(version).sha256}/demo_lib-${version}-py3-none-any.whl`,
      `files/${wheel(version).sha256}/demo_lib-${version}-py3-none-any.whl.metadata`,
    ],
  },
  {
    format: 'maven',
    name: 'org.demo:lib',
    pkg: 'org/demo/lib',
    version: (version) => version,
    publish: (house, repository, version) =>
      new MavenDeployment(house, `/acme/${repository}`).release(coordinates(version), `jar ${version}`),
    reads: (version) => [
      'org/demo/lib/maven-metadata.xml',
      `org/demo/lib/${version}/lib-${version}.jar`,
      `org/demo/lib/${version}/lib-${version}.jar.sha1`,
      `org/demo/lib/${version}/lib-${version}.pom`,
    ],
  },
]

/** A house with two repositories of each format, `{format}` and `{format}-2`. */
export function openShelves(clock?: FixedClock): Promise<House> {
  return openHouse({
    plugins: [mavenPlugin(), npm, pypiPlugin(), raw, api],
    repositories: shelves.flatMap(({ format }) => [
      { name: format, format },
      { name: `${format}-2`, format },
    ]),
    ...(clock === undefined ? {} : { clock }),
  })
}

const ofTheMoment = /^(?:date|x-request-id|connection|keep-alive|age)$/
/** An index counts its changes: its validator and npm's revision go on, whatever it says. */
const ofTheRevision = /^(?:etag|last-modified|content-length)$/
const revisions = /"_rev":"[^"]*"|"modified":"[^"]*"|"time":"[^"]*"/g
const file = /\.(?:txt|sha256|tgz|whl|metadata|jar|sha1|pom)$/

/** Everything readable of a version: status, headers and bytes of each address. `but`: headers that may differ. */
export async function readAll(house: House, shelf: Shelf, repository: string, version: string, but: RegExp = /^$/) {
  const found: Record<string, unknown> = {}
  for (const address of shelf.reads(version)) {
    const { status, headers, body } = await house.call('GET', `/acme/${repository}/${address}`, { as: 'olga' })
    const dropped = (name: string) =>
      ofTheMoment.test(name) || but.test(name) || (!file.test(address) && ofTheRevision.test(name))
    const kept = Object.entries(headers).filter(([name]) => !dropped(name))
    const text = body.toString('latin1')
    found[address] = {
      status,
      headers: Object.fromEntries(kept),
      body: (file.test(address) ? text : text.replaceAll(revisions, '')).replaceAll(`/acme/${repository}/`, '/acme/…/'),
    }
  }
  return found
}
