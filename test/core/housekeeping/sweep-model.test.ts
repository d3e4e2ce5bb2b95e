import { expect } from 'chai'
import fc from 'fast-check'
import { RegistryError } from '../../../core/errors/registry-error.js'
import { MemoryMetadataStore } from '../../../core/storage/drivers/memory-metadata-store.js'
import type { Mutation } from '../../../core/storage/metadata-store.js'
import type { StagedUpload } from '../../../core/storage/staged-upload.js'
import { textOf } from '../../support/commit-outcome.js'
import { SweptWorld } from '../../support/sweeping.js'

const hour = 3_600_000
const paths = ['a', 'b/c', 'b/d', 'e/f/g']
const contents = ['one', 'two', 'three']
const runs = Number(process.env['SWEEP_MODEL_RUNS'] ?? 60)

type Step =
  | { readonly do: 'put'; readonly path: string; readonly content: string }
  | { readonly do: 'delete'; readonly path: string }
  | { readonly do: 'stage'; readonly content: string }
  | { readonly do: 'finish'; readonly path: string }
  | { readonly do: 'crash' }
  | { readonly do: 'pass' | 'jump'; readonly hours: number }
  | { readonly do: 'sweep'; readonly cut: number }

const path = fc.constantFrom(...paths)
const content = fc.constantFrom(...contents)
const steps = fc.array(
  fc.oneof(
    { weight: 4, arbitrary: fc.record({ do: fc.constant('put' as const), path, content }) },
    { weight: 3, arbitrary: fc.record({ do: fc.constant('delete' as const), path }) },
    { weight: 1, arbitrary: fc.record({ do: fc.constant('stage' as const), content }) },
    { weight: 1, arbitrary: fc.record({ do: fc.constant('finish' as const), path }) },
    { weight: 1, arbitrary: fc.record({ do: fc.constant('crash' as const) }) },
    { weight: 4, arbitrary: fc.record({ do: fc.constant('pass' as const), hours: fc.integer({ min: 1, max: 30 * 24 }) }) },
    { weight: 1, arbitrary: fc.record({ do: fc.constant('jump' as const), hours: fc.integer({ min: -90_000, max: 90_000 }) }) },
    { weight: 6, arbitrary: fc.record({ do: fc.constant('sweep' as const), cut: fc.integer({ min: 1, max: 25 }) }) },
  ),
  { minLength: 10, maxLength: 60 },
)

/** A sweeper that is killed: from its n-th commit on, none arrives. */
class Cut extends MemoryMetadataStore {
  left = Number.POSITIVE_INFINITY
  override async commit(mutations: readonly Mutation[], token: string): Promise<void> {
    if (this.left-- <= 0) throw new RegistryError('unavailable', 'killed')
    await super.commit(mutations, token)
  }
}

/** The house beside a map of what was acknowledged. */
class Model {
  readonly files = new Map<string, string>()
  private staged: StagedUpload | undefined

  private constructor(
    readonly swept: SweptWorld,
    private readonly metadata: Cut,
  ) {}

  static async open(): Promise<Model> {
    const metadata = new Cut()
    return new Model(await SweptWorld.open({ keepVersions: 1 }, metadata), metadata)
  }

  async step(step: Step): Promise<void> {
    const { world } = this.swept
    switch (step.do) {
      case 'put':
        await this.swept.put(step.path, step.content)
        this.files.set(step.path, step.content)
        return
      case 'delete':
        if (!this.files.has(step.path)) return
        await this.swept.remove(step.path)
        this.files.delete(step.path)
        return
      case 'stage':
        this.staged = await world.stage(step.content)
        await this.staged.finish()
        return
      case 'finish':
        await this.finish(step.path)
        return
      case 'crash':
        this.staged = undefined
        return
      case 'pass':
        world.clock.advance(step.hours * hour)
        return
      case 'jump':
        world.clock.jump(step.hours * hour)
        return
      case 'sweep':
        this.metadata.left = step.cut > 20 ? Number.POSITIVE_INFINITY : step.cut
        await this.swept.sweeping.run().catch(() => undefined)
        this.metadata.left = Number.POSITIVE_INFINITY
    }
  }

  /** An upload that took its time: it is acknowledged, or was given up; and where it was acknowledged its bytes are there. */
  private async finish(at: string): Promise<void> {
    if (!this.staged) return
    const text = Buffer.from((await this.staged.small().catch(() => undefined)) ?? []).toString()
    const { staged } = this
    this.staged = undefined
    const change = this.swept.world.change().putArtifact(at, staged, { replace: true })
    const refused = await change.commit().then(
      () => undefined,
      () => 'refused' as const,
    )
    if (refused === undefined) this.files.set(at, text)
  }

  async check(): Promise<void> {
    const { world } = this.swept
    for (const name of paths) {
      const expected = this.files.get(name)
      if (expected === undefined) expect(await world.artifacts.find(name)).to.equal(undefined)
      else expect([name, await textOf(world, name)]).to.deep.equal([name, expected])
    }
    const found: string[] = []
    const walk = async (folder: string) => {
      for await (const entry of world.artifacts.list(folder))
        if (entry.kind === 'folder') await walk(folder === '' ? entry.name : `${folder}/${entry.name}`)
        else found.push(folder === '' ? entry.name : `${folder}/${entry.name}`)
    }
    await walk('')
    expect(found.sort()).to.deep.equal([...this.files.keys()].sort())
  }

  /** Without faults nothing that nobody names outlives its time. */
  async settle(): Promise<void> {
    this.staged = undefined
    await this.swept.sweeping.watch.confirm()
    for (let at = 0; at < 14; at++) {
      this.swept.world.clock.advance(7 * 24 * hour)
      await this.swept.sweeping.run({ dryRun: false, confirmed: true })
    }
  }
}

describe('the sweeper, whatever comes in whatever order', function () {
  this.timeout(120_000)

  it('loses nothing that was acknowledged, shows nothing else, and in the end keeps no bytes that nobody names', async () => {
    await fc.assert(
      fc.asyncProperty(steps, async (all) => {
        const model = await Model.open()
        for (const step of all) {
          await model.step(step)
          if (step.do === 'sweep' || step.do === 'finish') await model.check()
        }
        await model.settle()
        await model.check()
        // What a clock that was wrong has written goes when its time has come, which may be years.
        if (all.some((step) => step.do === 'jump' && step.hours < 0)) return
        const rows = await model.swept.rows()
        const blobs = rows.filter((name) => name.endsWith('| blob')).length
        expect(await model.swept.world.keys()).to.have.length(blobs)
        // Of each file the newest version, and the one before it.
        expect(blobs).to.be.at.most(2 * model.files.size)
        const strays: string[] = []
        for await (const { key } of model.swept.world.blobs.strays('')) strays.push(key)
        expect([strays, rows.filter((name) => name.startsWith('o_1 i'))]).to.deep.equal([[], []])
      }),
      { numRuns: runs },
    )
  })

  it('is a property that can fail: a sweeper that does not see references is found out', async () => {
    const blind = async () =>
      fc.assert(
        fc.asyncProperty(steps, async (all) => {
          const model = await Model.open()
          Object.assign((model.swept.sweeping.sweep as unknown as { collector: object }).collector, {
            isNamed: async () => false,
          })
          for (const step of all) await model.step(step)
          await model.settle()
          await model.check()
        }),
        { numRuns: runs, endOnFailure: true },
      )
    let caught = ''
    await blind().catch((thrown: Error) => {
      caught = thrown.message
    })
    expect(caught).to.include('Property failed')
  })
})
