type Work = (this: { timeout(milliseconds: number): void }) => unknown
interface Collected {
  readonly name: string
  readonly before: readonly Work[]
  readonly run: Work
  readonly after: readonly Work[]
}

/** A suite that is run here and now, apart from the one that runs; `beginning` picks tests by their names. The names of its tests that failed, with their reasons. */
export async function failuresOf(register: () => void, beginning = ''): Promise<ReadonlyMap<string, string>> {
  const tests = collect(register).filter(({ name }) => name.startsWith(beginning))
  if (tests.length === 0) throw new Error(`no test begins with '${beginning}'`)
  const failures = new Map<string, string>()
  const frame = { timeout() {} }
  for (const { name, before, run, after } of tests) {
    try {
      for (const work of before) await work.call(frame)
      await run.call(frame)
    } catch (thrown) {
      failures.set(name, thrown instanceof Error ? thrown.message : String(thrown))
    }
    for (const work of after) await work.call(frame)
  }
  return failures
}

/** The runner's words mean this list while `register` runs. */
function collect(register: () => void): readonly Collected[] {
  const tests: Collected[] = []
  const before: Work[] = []
  const after: Work[] = []
  const words: Record<string, unknown> = {
    describe: (_name: string, work: () => void) => work(),
    beforeEach: (work: Work) => before.push(work),
    afterEach: (work: Work) => after.push(work),
    it: (name: string, run: Work) => tests.push({ name, before, run, after }),
  }
  const place = globalThis as unknown as Record<string, unknown>
  const own = Object.fromEntries(Object.keys(words).map((word) => [word, place[word]]))
  Object.assign(place, words)
  try {
    register()
  } finally {
    Object.assign(place, own)
  }
  return tests
}
