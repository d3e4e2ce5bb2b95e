import type { JsonObject } from '#core'
import { StoredDocumentReader } from '../../core/storage/stored-document-reader.js'
import type { House } from './house.js'

type Facts = Record<string, JsonObject>

/** What the list of names says, and what the plugins say by documents alone: each `{repository} {package}` with its facts. */
export async function bothLists(house: House): Promise<{ readonly listed: Facts; readonly described: Facts }> {
  const listed: Facts = {}
  const described: Facts = {}
  for await (const { entry } of house.parts.metadata.scan()) {
    const [org = '', kind, repo = '', plugin = '', pkg = ''] = entry.key.partition.split('\0')
    if (kind === 'n') listed[`${repo} ${entry.key.path[0]}`] = (entry.value as { readonly facts: JsonObject }).facts
    if (kind !== 'p' || entry.key.path[0] !== 'head') continue
    const one = house.kernel.plugins().find(({ name }) => name === plugin)
    const place = { organizationId: org, repositoryId: repo, plugin, ...(one?.documents ? { versions: one.documents } : {}) }
    const facts = await one?.describe?.(pkg, new StoredDocumentReader(house.parts.metadata, place))
    if (facts) described[`${repo} ${pkg}`] = facts
  }
  return { listed, described }
}
