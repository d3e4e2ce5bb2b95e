import type { Hold } from '../usage/allowances.js'

/** What resumable uploads take of their organization's quota, from the first byte announced or received until they are over. */
export interface UploadRoom {
  /** `expires`: when the upload is given up, and its room with it; milliseconds since 1970. `exact`: no more than is asked for. */
  of(upload: string, expires: number, exact: boolean): Hold
  release(upload: string): Promise<void>
}

/** Room of an upload for what comes behind `offset`. */
export function roomBehind(hold: Hold, offset: number): Hold {
  return { size: 0, ensure: (bytes) => hold.ensure(offset + bytes), shrink: () => {} }
}
