import { invalid } from '#core'

/** Dist-tags of one package: every packument of it holds all of them. */
const most = 1_000

/** Throws `invalid` where setting these tags (undefined: removing them) would leave a package with more than there may be. What has too many may lose some. */
export function holdTagRoom(standing: ReadonlyMap<string, unknown>, wanted: ReadonlyMap<string, string | undefined>): void {
  let count = standing.size
  for (const [tag, version] of wanted) {
    if (version !== undefined && !standing.has(tag)) count += 1
    if (version === undefined && standing.has(tag)) count -= 1
  }
  if (count > most && count > standing.size) throw invalid(`a package has at most ${most} dist-tags: remove some`)
}
