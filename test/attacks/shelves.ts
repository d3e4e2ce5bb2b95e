import { expect } from 'chai'
import type { ProtocolPlugin } from '#core'
import api from '../../plugins/api/index.js'
import maven from '../../plugins/maven/index.js'
import npm from '../../plugins/npm/index.js'
import pypi from '../../plugins/pypi/index.js'
import raw from '../../plugins/raw/index.js'
import { type Answer, type CallOptions, type House, type HouseOptions, openHouse } from '../support/house.js'
import { type NpmPackage, type PublishBody, type PublishOptions, publishBody } from '../support/npm-package.js'
import { processorTime } from '../support/processor-time.js'
import { multipart, uploadParts } from '../support/upload-form.js'
import { type BuiltFile, buildWheel } from '../support/wheel-builder.js'

export const formats = ['mvn', 'js', 'py', 'raw'] as const
export type Format = (typeof formats)[number]

/** A whole house with every plugin, and a repository of each format. */
export function openShelves(options: Omit<HouseOptions, 'plugins' | 'repositories'> = {}): Promise<House> {
  return openHouse({
    plugins: [maven, npm, pypi, raw, api] as readonly ProtocolPlugin[],
    repositories: [
      { name: 'mvn', format: 'maven' },
      { name: 'js', format: 'npm' },
      { name: 'py', format: 'pypi' },
      { name: 'raw', format: 'raw' },
      { name: 'once', format: 'raw', writePolicy: 'once' },
    ],
    ...options,
  })
}

/** All that lies in the stores. */
export async function contents(house: House) {
  return {
    files: await house.storedFiles(),
    documents: await house.storedDocuments(),
    blobs: await house.storedBlobs(),
  }
}

let calm = 0

/** Runs an attack: nothing may be written by it, the house lives, and the next upload of anybody else works. */
export async function untouched<Result>(house: House, attack: () => Promise<Result>): Promise<Result> {
  const before = await contents(house)
  const result = await attack()
  expect(await contents(house)).to.deep.equal(before)
  const target = `/acme/raw/calm/${++calm}`
  expect((await house.call('PUT', target, { body: `calm ${calm}` })).status).to.equal(201)
  expect((await house.call('GET', target)).text()).to.equal(`calm ${calm}`)
  return result
}

/** Milliseconds of processor time that something took. */
export async function timed<Result>(run: () => Promise<Result>): Promise<{ readonly result: Result; readonly took: number }> {
  const worked = processorTime()
  const result = await run()
  return { result, took: worked() }
}

export const put = (house: House, target: string, body: string | Uint8Array, options: CallOptions = {}) =>
  house.call('PUT', target, { ...options, body })

export async function publish(
  house: House,
  manifest: NpmPackage,
  options: PublishOptions & { readonly as?: CallOptions['as'] } = {},
): Promise<Answer> {
  const { as, ...more } = options
  return putPackage(house, manifest.name, await publishBody(manifest, more), as === undefined ? {} : { as })
}

export function putPackage(
  house: House,
  name: string,
  body: PublishBody | object | string,
  options: CallOptions = {},
): Promise<Answer> {
  return house.call('PUT', `/acme/js/${name.replace('/', '%2f')}`, {
    ...options,
    headers: { 'content-type': 'application/json', ...options.headers },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  })
}

export function upload(
  house: House,
  file: BuiltFile,
  name: string,
  version: string,
  more: Readonly<Record<string, string | undefined>> = {},
  options: CallOptions = {},
): Promise<Answer> {
  const { headers, body } = multipart(uploadParts(file, name, version, more))
  return house.call('POST', '/acme/py/', { ...options, headers: { ...headers, ...options.headers }, body })
}

export const wheel = (name: string, version: string, files: Readonly<Record<string, string>> = {}) =>
  buildWheel({ name, version, files })
