/** Resources in one answer, and members of all groups in it together, where it has more than one; seconds that a cursor is good for; resources that
 *  one search looks through without an index. */
export const pageLimits = { usual: 100, most: 200, members: 20_000, cursorSeconds: 3600, scanned: 10_000 } as const

/** Operations and bytes of one Bulk request. */
export const bulkLimits = { operations: 1000, bytes: 1024 * 1024 } as const

/** Bytes of a body, bytes of a string in it, entries of a list, depth, keys of all objects together. */
export const bodyLimits = { bytes: 1024 * 1024, text: 8 * 1024, entries: 10_000, depth: 10, keys: 60_000 } as const

/** Operations of one PATCH. */
export const patchOperations = 1000
