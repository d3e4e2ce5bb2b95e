import { createHash, randomBytes } from 'node:crypto'
import { gzipSync } from 'node:zlib'
import { packTar } from '../support/tar-builder.js'
import { type Ledger, type State, stateOf } from './ledger.js'

export interface Place {
  readonly url: string
  readonly token: string
}

/** Publishes without pause until it is told to stop or the server is gone. Each runs at addresses of its own. */
export type Writer = (place: Place, ledger: Ledger, running: () => boolean) => Promise<void>

async function send(place: Place, method: string, address: string, body?: Uint8Array | string): Promise<number> {
  const answer = await fetch(place.url + address, {
    method,
    headers: {
      authorization: `Bearer ${place.token}`,
      ...(typeof body === 'string' ? { 'content-type': 'application/json' } : {}),
    },
    ...(body === undefined ? {} : { body }),
    signal: AbortSignal.timeout(10_000),
  })
  await answer.arrayBuffer()
  return answer.status
}

/** One change, noted before it is sent and acknowledged when the success came. A dead server ends the writer. */
async function change(
  place: Place,
  ledger: Ledger,
  method: string,
  address: string,
  state: State,
  body?: Uint8Array,
): Promise<void> {
  ledger.attempt(address, state)
  const status = await send(place, method, address, body)
  if (status >= 200 && status < 300) ledger.acknowledge(address)
  else throw new Error(`${method} ${address} was answered ${status}`)
}

/** New files, every fifth of them deleted again. */
export function freshFiles(name: string): Writer {
  let count = 0
  return async (place, ledger, running) => {
    while (running()) {
      const address = `/main/raw/${name}/${++count}`
      const content = randomBytes(Math.floor(Math.random() * 48 * 1024))
      await change(place, ledger, 'PUT', address, stateOf(content), content)
      if (count % 5 === 0) await change(place, ledger, 'DELETE', address, 'absent')
    }
  }
}

/** One file, replaced again and again. */
export function oneFile(name: string): Writer {
  return async (place, ledger, running) => {
    while (running()) {
      const content = randomBytes(1 + Math.floor(Math.random() * 300 * 1024))
      await change(place, ledger, 'PUT', `/main/raw/${name}`, stateOf(content), content)
    }
  }
}

/** Versions of one package: many rows in one commit. The address noted is that of the tarball. */
export function packageVersions(name: string): Writer {
  let count = 0
  return async (place, ledger, running) => {
    while (running()) {
      const version = `1.0.${count++}`
      const manifest = { name, version, filler: randomBytes(64).toString('hex') }
      const tarball = gzipSync(await packTar([{ name: 'package/package.json', content: JSON.stringify(manifest) }]))
      const file = `${name}-${version}.tgz`
      const address = `/main/npm/${name}/-/${file}`
      const document = {
        _id: name,
        name,
        'dist-tags': { latest: version },
        versions: {
          [version]: {
            ...manifest,
            _id: `${name}@${version}`,
            dist: {
              shasum: createHash('sha1').update(tarball).digest('hex'),
              integrity: `sha512-${createHash('sha512').update(tarball).digest('base64')}`,
            },
          },
        },
        _attachments: {
          [file]: { content_type: 'application/octet-stream', data: tarball.toString('base64'), length: tarball.length },
        },
      }
      ledger.attempt(address, stateOf(tarball))
      const status = await send(place, 'PUT', `/main/npm/${name}`, JSON.stringify(document))
      if (status !== 201) throw new Error(`publish of ${name}@${version} was answered ${status}`)
      ledger.acknowledge(address)
    }
  }
}
