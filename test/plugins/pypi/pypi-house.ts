import pypi from '../../../plugins/pypi/index.js'
import { type Answer, type House, openHouse, type Somebody } from '../../support/house.js'
import { multipart, type Part, uploadParts } from '../../support/upload-form.js'
import type { BuiltFile } from '../../support/wheel-builder.js'

/** A house with the repository `py` in `acme` (and, empty, in `beta`), and `open`, which anybody may read. */
export async function openPypiHouse(): Promise<House> {
  return openHouse({
    plugins: [pypi],
    repositories: [
      { name: 'py', format: 'pypi' },
      { name: 'open', format: 'pypi', public: true },
    ],
  })
}

export interface PostOptions {
  readonly as?: Somebody
  readonly path?: string
  readonly headers?: Readonly<Record<string, string>>
}

export function post(house: House, parts: readonly Part[], options: PostOptions = {}): Promise<Answer> {
  const { headers, body } = multipart(parts)
  return house.call('POST', options.path ?? '/acme/py/', {
    ...(options.as === undefined ? {} : { as: options.as }),
    headers: { ...headers, ...options.headers },
    body,
  })
}

/** The form that a client sends for this file. */
export function upload(
  house: House,
  file: BuiltFile,
  name: string,
  version: string,
  more: Readonly<Record<string, string | undefined>> = {},
  options: PostOptions = {},
): Promise<Answer> {
  return post(house, uploadParts(file, name, version, more), options)
}

export const json = 'application/vnd.pypi.simple.v1+json'
