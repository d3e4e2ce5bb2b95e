import { createReadStream } from 'node:fs'
import { opendir, readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { Misused } from './api-client.js'

/** Bytes of a file that is read whole. */
const wholeLimit = 256 * 1024 ** 2

/** OSV records of a file or folder as lines of JSON, read as they are wanted: a folder of `.json` files, one record each; a `.json` file with a record or a
 *  list of them; any other file has one record a line already, and `-` is standard input. */
export async function* osvLines(path: string): AsyncGenerator<Buffer> {
  if (path === '-') yield* process.stdin as AsyncIterable<Buffer>
  else if ((await stat(path)).isDirectory()) yield* folderLines(path)
  else if (path.endsWith('.json')) yield* fileLines(path)
  else yield* createReadStream(path) as AsyncIterable<Buffer>
}

async function* folderLines(folder: string): AsyncGenerator<Buffer> {
  let found = false
  for await (const entry of await opendir(folder)) {
    if (!entry.isFile() || !entry.name.endsWith('.json')) continue
    found = true
    yield* fileLines(join(folder, entry.name))
  }
  if (!found) throw new Misused(`error: no .json file is in ${folder}`)
}

async function* fileLines(file: string): AsyncGenerator<Buffer> {
  if ((await stat(file)).size > wholeLimit)
    throw new Misused(`error: ${file} is too large for one document: write one record a line`)
  let value: unknown
  try {
    value = JSON.parse(await readFile(file, 'utf8'))
  } catch {
    throw new Misused(`error: ${file} is not JSON`)
  }
  for (const record of Array.isArray(value) ? value : [value]) yield Buffer.from(`${JSON.stringify(record)}\n`)
}
