import { type FileHandle, open, statfs } from 'node:fs/promises'
import { noSpace, type RegistryError, unavailable } from '../../errors/registry-error.js'

/** What stays free whatever is uploaded: the larger of `bytes` and `share` of the volume, and `inodeShare` of its inodes (security guide 1.8). */
export interface Reserve {
  readonly bytes: number
  readonly share: number
  readonly inodeShare: number
}
export const defaultReserve: Reserve = { bytes: 2 * 1024 ** 3, share: 0.05, inodeShare: 0.01 }

/** Would `size` more bytes leave the reserve? */
export async function hasRoom(folder: string, size: number, reserve: Reserve): Promise<boolean> {
  const { bavail, blocks, bsize, ffree, files } = await statfs(folder)
  const keep = Math.max(reserve.bytes, reserve.share * blocks * bsize)
  // Some file systems have no table of inodes and say zero.
  return bavail * bsize - size >= keep && (files === 0 || ffree >= reserve.inodeShare * files)
}

export async function freeBytes(folder: string): Promise<number> {
  const { bavail, bsize } = await statfs(folder)
  return bavail * bsize
}

/** NFS, SMB, CIFS, AFS, Ceph, Lustre: neither locks nor flushes there are what the embedded store rests on. */
const networkVolumes: ReadonlySet<number> = new Set([0x6969, 0x517b, 0xfe534d42, 0xff534d42, 0x5346414f, 0x00c36400, 0x0bd00bd0])

export async function refuseNetworkVolume(folder: string): Promise<void> {
  const { type } = await statfs(folder)
  if (networkVolumes.has(type >>> 0)) throw unavailable('The embedded store does not work on a network file system')
}

/** Makes names durable that were added to or taken from a folder. */
export async function syncFolder(folder: string): Promise<void> {
  const handle: FileHandle = await open(folder, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}

export function errorCode(thrown: unknown): string | undefined {
  return thrown instanceof Error && 'code' in thrown && typeof thrown.code === 'string' ? thrown.code : undefined
}

/** A failed write in the house's words. */
export function writeFailure(cause: unknown): RegistryError {
  const code = errorCode(cause)
  if (code === 'ENOSPC' || code === 'EDQUOT') return noSpace('The volume is full', { cause })
  return unavailable('The volume does not take writes', 30, { cause })
}
