import { LmdbMetadataStore } from '../../../../core/storage/drivers/lmdb-metadata-store.js'

/** A process of its own, because a failed write may damage its memory: commits pairs of rows until the volume takes no more, says what became of it, waits to be killed. */
const folder = process.argv[2]
if (folder === undefined) throw new Error('A folder is wanted')
let fatal = 0
const store = await LmdbMetadataStore.open({
  folder,
  ballastBytes: 0,
  onFatal: () => {
    fatal += 1
  },
})
const kindOf = (thrown: unknown) => (thrown as { readonly kind?: string }).kind ?? 'no failure of the house'
const value = 'x'.repeat(100_000)
const pair = (row: string) => ['p', 'q'].map((partition) => ({ op: 'put' as const, key: { partition, path: [row] }, value }))
let acknowledged = 0
let failure: string | undefined
while (failure === undefined && acknowledged < 1_000) {
  try {
    await store.commit(pair(`row-${acknowledged}`), `token-${acknowledged}`)
    acknowledged += 1
  } catch (thrown) {
    failure = kindOf(thrown)
  }
}
const afterwards = await store.commit(pair('later'), 'later').then(() => 'written', kindOf)
const read = (await store.get({ partition: 'p', path: ['row-0'] }))?.value === value
process.stdout.write(`${JSON.stringify({ acknowledged, failure, afterwards, fatal, read })}\n`)
setInterval(() => {}, 1_000)
