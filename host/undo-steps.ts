/** What was set up so far, to be undone in reverse. */
export class UndoSteps {
  readonly #steps: (() => Promise<void>)[] = []

  undo(step: () => Promise<void>): void {
    this.#steps.push(step)
  }

  /** Each step once, whoever asks. */
  async takeApart(): Promise<void> {
    for (let step = this.#steps.pop(); step !== undefined; step = this.#steps.pop()) await step()
  }
}
