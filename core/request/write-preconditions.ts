import { invalid, stale } from '../errors/registry-error.js'
import type { Artifact } from '../storage/artifact.js'
import type { PutOptions } from '../storage/change-set.js'

type Read = (name: string) => string | undefined

/** What `holdPreconditions` reads. */
export const preconditionNames = ['if-match', 'if-none-match', 'if-unmodified-since'] as const

/** Holds the conditions of a write against the file that is there now, whose strong tag is `etag`, in the order of RFC 9110 13.2.2; throws `stale`, with
 *  the tag in `detail.etag`. What comes back holds the same in the commit: nobody may have come between. Undefined where nothing was asked. */
export function holdPreconditions(read: Read, current: Artifact | undefined, etag: string | undefined): PutOptions['if'] {
  const unchanged = current === undefined ? 'absent' : { sha256: current.digests.sha256 }
  let conditional = false

  const ifMatch = read('if-match')
  const unmodifiedSince = read('if-unmodified-since')
  if (ifMatch !== undefined) {
    conditional = true
    if (!matches('If-Match', ifMatch, etag, 'strong')) throw failed('If-Match', etag)
  } else if (unmodifiedSince !== undefined && current !== undefined) {
    const limit = httpDate(unmodifiedSince)
    if (limit !== undefined) {
      conditional = true
      if (wholeSeconds(current.modified) > limit) throw failed('If-Unmodified-Since', etag)
    }
  }

  const ifNoneMatch = read('if-none-match')
  if (ifNoneMatch !== undefined) {
    conditional = true
    if (matches('If-None-Match', ifNoneMatch, etag, 'weak')) throw failed('If-None-Match', etag)
  }
  return conditional ? unchanged : undefined
}

/** Does one of the listed tags name the file? `*` alone names any. Throws `invalid` for what is no list of tags: a write that asks for a condition
 *  nobody understands must not go on without it. */
function matches(header: string, list: string, etag: string | undefined, comparison: 'strong' | 'weak'): boolean {
  if (list.trim() === '*') return etag !== undefined
  if (!tagList.test(list.trim())) throw invalid(`${header} is malformed: it takes * or entity tags in quotes`)
  return entityTags(list).some((tag) => (comparison === 'weak' ? tag.replace(/^W\//, '') : tag) === etag)
}

const tag = '(?:W/)?"[\\x21\\x23-\\x7e\\x80-\\xff]*"'
const tagList = new RegExp(`^${tag}(?:[ \\t]*,[ \\t]*${tag})*$`)

/** Tags as they stand, `W/` included; commas inside quotes belong to the tag. */
function entityTags(list: string): readonly string[] {
  return list.match(new RegExp(tag, 'g')) ?? []
}

function httpDate(text: string): number | undefined {
  const at = Date.parse(text)
  return /^[A-Za-z]{3,9},? /.test(text) && !Number.isNaN(at) ? at : undefined
}
function wholeSeconds(at: Date): number {
  return Math.floor(at.getTime() / 1000) * 1000
}

function failed(header: string, etag: string | undefined) {
  return stale(
    etag === undefined ? `${header} does not hold: there is no such file` : `${header} does not hold: the file is ${etag}`,
    {
      detail: etag === undefined ? {} : { etag },
    },
  )
}
