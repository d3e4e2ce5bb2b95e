import { Presets, SingleBar } from 'cli-progress'

/** Told what has been done so far. */
export interface Progress {
  advance(by?: number): void
  /** Known only later, or grown meanwhile. */
  expect(total: number): void
}

/** Shorter work shows nothing. */
const patience = 500

/** Shows on standard error how far the work is, where that is a terminal and the answer is for people: never with --json, never into a file. */
export async function withProgress<Result>(
  { json, label, total = 0 }: { readonly json?: boolean | undefined; readonly label: string; readonly total?: number },
  work: (progress: Progress) => Promise<Result>,
): Promise<Result> {
  if (json || !process.stderr.isTTY) return work({ advance() {}, expect() {} })
  let [done, whole] = [0, total]
  const format = () => (whole > 0 ? `${label} {bar} {value}/{total}` : `${label} {value}`)
  const bar = new SingleBar(
    { format: format(), stream: process.stderr, clearOnComplete: true, hideCursor: true },
    Presets.shades_classic,
  )
  let shown = false
  const timer = setTimeout(() => {
    shown = true
    bar.start(whole, done)
  }, patience)
  const update = () => {
    if (!shown) return
    bar.setTotal(Math.max(whole, done))
    bar.update(done)
  }
  try {
    return await work({
      advance(by = 1) {
        done += by
        update()
      },
      expect(count) {
        whole = count
        update()
      },
    })
  } finally {
    clearTimeout(timer)
    if (shown) bar.stop()
  }
}
