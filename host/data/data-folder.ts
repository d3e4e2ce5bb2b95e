import { chmod, mkdir, readdir, realpath, statfs } from 'node:fs/promises'
import { platform } from 'node:os'

/** File systems on which neither locks nor memory maps hold between machines, by Linux's numbers. */
const network = new Map([
  [0x6969, 'NFS'],
  [0x517b, 'SMB'],
  [0xff534d42, 'CIFS'],
  [0xfe534d42, 'SMB2'],
  [0x5346414f, 'AFS'],
  [0x73757245, 'Coda'],
  [0x00c36400, 'Ceph'],
  [0x0bd00bd0, 'Lustre'],
  [0x47504653, 'GPFS'],
])

/** Makes the folder (mode 0700) where there is none; its real path. Throws on a network file system: the embedded store would be damaged there. */
export async function prepareDataFolder(folder: string): Promise<string> {
  const made = await mkdir(folder, { recursive: true, mode: 0o700 }).catch((cause: NodeJS.ErrnoException) => {
    const why =
      cause.code === 'EEXIST' || cause.code === 'ENOTDIR' ? 'is a file, or lies below one' : `cannot be made (${cause.code})`
    throw new Error(`CLOUDREPO_DATA: the data folder ${folder} ${why}`, { cause })
  })
  if (made !== undefined) await chmod(folder, 0o700)
  const path = await realpath(folder)
  const kind = networkFileSystem((await statfs(path)).type)
  if (kind !== undefined)
    throw new Error(`The data folder ${path} lies on a network file system (${kind}); the embedded store needs a local disk`)
  return path
}

export function networkFileSystem(type: number): string | undefined {
  return platform() === 'linux' ? network.get(type >>> 0) : undefined
}

/** Did nothing ever live here? Locks and what a file system puts there itself do not count. */
export async function isUnused(folder: string): Promise<boolean> {
  const names = await readdir(folder)
  return names.every((name) => name === 'lost+found' || name.startsWith('house.lock') || name.startsWith('.'))
}
