import { access, constants, readdir, realpath, stat, statfs } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import type { Settings } from '../config/settings.js'
import { isUnused, networkFileSystem } from '../data/data-folder.js'
import { addressOfHouse } from '../data/data-lock.js'
import { isInside } from '../data/root-key-file.js'

/** What there is to know of the machine and the place of the embedded pair; nothing is made or changed to learn it. */
export interface LocalFacts {
  readonly folder: FolderFacts
  readonly volume: VolumeFacts
  readonly key: KeyFacts
  /** Where the house of this folder listens; undefined where none runs. */
  readonly house: string | undefined
  /** Milliseconds since 1970: of this machine, and of the last change of the store's files. */
  readonly now: number
  readonly lastChange: number | undefined
}

/** `missing`: it is made by the first start. `unused`: nothing ever lived in it. */
export interface FolderFacts {
  readonly path: string
  readonly state: 'missing' | 'no-folder' | 'unused' | 'used'
  readonly writable: boolean
  readonly mode: number
}

/** Bytes and inodes; a file system without a table of inodes has 0 of 0. */
export interface VolumeFacts {
  readonly networkKind: string | undefined
  readonly free: number
  readonly size: number
  readonly freeInodes: number
  readonly inodes: number
}

export interface KeyFacts {
  readonly path: string
  readonly there: boolean
  readonly named: boolean
  readonly inside: boolean
  readonly mode: number
}

/** For a folder that is not there, the volume is that of the nearest folder above it. */
export async function localFacts(settings: Settings, now: number): Promise<LocalFacts> {
  const folder = await folderFacts(resolve(settings.data))
  const there = folder.state === 'unused' || folder.state === 'used'
  return {
    folder,
    volume: await volumeFacts(folder.path),
    key: await keyFacts(folder.path, settings.rootKey),
    house: there ? await addressOfHouse(folder.path) : undefined,
    now,
    lastChange: there ? await lastChange(folder.path) : undefined,
  }
}

async function folderFacts(named: string): Promise<FolderFacts> {
  const found = await stat(named).catch(() => undefined)
  if (found === undefined) {
    const writable = await mayWrite(await nearest(named))
    return { path: named, state: 'missing', writable, mode: 0o700 }
  }
  const path = await realpath(named)
  const mode = found.mode & 0o777
  if (!found.isDirectory()) return { path, state: 'no-folder', writable: false, mode }
  const writable = await mayWrite(path)
  const unused = await isUnused(path).catch(() => false)
  return { path, state: unused ? 'unused' : 'used', writable, mode }
}

async function volumeFacts(folder: string): Promise<VolumeFacts> {
  const { type, bavail, blocks, bsize, ffree, files } = await statfs(await nearest(folder))
  const networkKind = networkFileSystem(type)
  return { networkKind, free: bavail * bsize, size: blocks * bsize, freeInodes: ffree, inodes: files }
}

async function keyFacts(folder: string, named: string | undefined): Promise<KeyFacts> {
  const path = named === undefined ? `${folder}.key` : resolve(named)
  const found = await stat(path).catch(() => undefined)
  const place = found === undefined ? dirname(path) : path
  const real = await realpath(place).catch(() => place)
  return {
    path,
    there: found?.isFile() === true,
    named: named !== undefined,
    inside: isInside(real, folder),
    mode: (found?.mode ?? 0) & 0o777,
  }
}

async function lastChange(folder: string): Promise<number | undefined> {
  const times: number[] = []
  for (const name of await readdir(folder).catch(() => [])) {
    const found = await stat(join(folder, name, 'data.mdb')).catch(() => undefined)
    if (found !== undefined) times.push(found.mtimeMs)
  }
  return times.length === 0 ? undefined : Math.max(...times)
}

async function nearest(path: string): Promise<string> {
  for (let folder = path; ; folder = dirname(folder)) {
    const found = await stat(folder).catch(() => undefined)
    if (found?.isDirectory() === true || folder === dirname(folder)) return folder
  }
}

function mayWrite(folder: string): Promise<boolean> {
  return access(folder, constants.W_OK | constants.X_OK).then(
    () => true,
    () => false,
  )
}
