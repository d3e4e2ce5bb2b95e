/** Why a running house had to end, and with which exit status. */
export class HouseFailure extends Error {
  override readonly name = 'HouseFailure'

  constructor(
    message: string,
    readonly exitStatus: number,
    options?: ErrorOptions,
  ) {
    super(message, options)
  }
}

/** A store whose write failed is not written to again: a new process looks for room first (security guide 1.8). */
export const storeFailedStatus = 75
export const storeFailure = (cause?: unknown) =>
  new HouseFailure('The store takes no more writes', storeFailedStatus, cause === undefined ? {} : { cause })
