import { expect } from 'chai'
import api from '../../plugins/api/index.js'
import maven from '../../plugins/maven/index.js'
import npm from '../../plugins/npm/index.js'
import pypi from '../../plugins/pypi/index.js'
import raw from '../../plugins/raw/index.js'
import { type Answer, type CallOptions, type House, type HouseOptions, openHouse } from '../support/house.js'
import { pomOf } from '../support/maven-deployment.js'
import { publishBody } from '../support/npm-package.js'
import { multipart, uploadParts } from '../support/upload-form.js'
import { buildWheel } from '../support/wheel-builder.js'

/** Repositories of each format, with equal names in both organizations. */
export const shelves = { jars: 'maven', js: 'npm', py: 'pypi', files: 'raw' } as const
export const bases = Object.keys(shelves).map((name) => `/acme/${name}`)
export const controlAreas = ['/acme/-/api/v1', '/-/api/v1'] as const

export interface Stored {
  readonly files: readonly string[]
  readonly documents: readonly string[]
  readonly blobs: number
}

/** A house with every plugin, one package of each format in `acme`, the same in `beta`. */
export async function openWholeHouse(options: Omit<HouseOptions, 'plugins' | 'repositories'> = {}): Promise<House> {
  const repositories = Object.entries(shelves).map(([name, format]) => ({ name, format }))
  const house = await openHouse({ plugins: [maven, npm, pypi, raw, api], repositories, ...options })
  await publishEverywhere(house, 'acme', 'dora')
  await publishEverywhere(house, 'beta', 'bert')
  return house
}

export async function stored(house: House): Promise<Stored> {
  return { files: await house.storedFiles(), documents: await house.storedDocuments(), blobs: await house.storedBlobs() }
}

/** Nothing was written, and the next normal requests are answered as ever. */
export async function expectUnharmed(house: House, before: Stored): Promise<void> {
  expect(await stored(house)).to.deep.equal(before)
  for (const target of packages('acme')) expect((await house.call('GET', target)).status, target).to.equal(200)
}

const coordinates = { group: 'org.demo', artifact: 'tool', version: '1.0' }
const manifest = { name: 'tool', version: '1.0.0', description: 'a tool' }
const wheel = buildWheel({ name: 'tool', version: '1.0' })

/** Where each format's one package is read. */
export function packages(organization: string): readonly string[] {
  return [
    `/${organization}/jars/org/demo/tool/1.0/tool-1.0.pom`,
    `/${organization}/jars/org/demo/tool/maven-metadata.xml`,
    `/${organization}/js/tool`,
    `/${organization}/js/tool/-/tool-1.0.0.tgz`,
    `/${organization}/py/simple/tool/`,
    `/${organization}/files/kept.txt`,
  ]
}

export interface Upload extends Pick<CallOptions, 'headers' | 'body'> {
  readonly method: string
  readonly target: string
}

/** What a client of each format sends to publish `version`; equal bytes whoever sends it. */
export async function uploads(organization: string, version = '1.0'): Promise<readonly Upload[]> {
  const file = version === '1.0' ? wheel : buildWheel({ name: 'tool', version })
  const form = multipart(uploadParts(file, 'tool', version))
  return [
    {
      method: 'PUT',
      target: `/${organization}/jars/org/demo/tool/${version}/tool-${version}.pom`,
      body: pomOf({ ...coordinates, version }),
    },
    {
      method: 'PUT',
      target: `/${organization}/js/tool`,
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(await publishBody({ ...manifest, version: `${version}.0` })),
    },
    { method: 'POST', target: `/${organization}/py/`, ...form },
    { method: 'PUT', target: `/${organization}/files/${version === '1.0' ? 'kept' : version}.txt`, body: 'kept' },
  ]
}

export function sendUpload(
  house: House,
  { method, target, headers, body }: Upload,
  options: Pick<CallOptions, 'as' | 'headers'>,
): Promise<Answer> {
  const sent = { ...options, headers: { ...headers, ...options.headers } }
  return house.call(method, target, body === undefined ? sent : { ...sent, body })
}

async function publishEverywhere(house: House, organization: string, as: 'dora' | 'bert'): Promise<void> {
  for (const upload of await uploads(organization)) {
    const answer = await sendUpload(house, upload, { as })
    expect(answer.status, `${upload.method} ${upload.target}: ${answer.text()}`).to.be.oneOf([200, 201])
  }
  // With it a release is published, and its files are what they are.
  const metadata = `<metadata><groupId>org.demo</groupId><artifactId>tool</artifactId><versioning><release>1.0</release><versions><version>1.0</version></versions></versioning></metadata>`
  const published = await house.call('PUT', `/${organization}/jars/org/demo/tool/maven-metadata.xml`, { as, body: metadata })
  expect(published.status).to.be.oneOf([200, 201])
}

export function basic(login: string, password: string): string {
  return `Basic ${Buffer.from(`${login}:${password}`).toString('base64')}`
}

/** The statuses in what a server said, in order. */
export function answersIn(text: string): readonly number[] {
  return [...text.matchAll(/HTTP\/1\.1 (\d{3})/g)].map(([, status]) => Number(status))
}
