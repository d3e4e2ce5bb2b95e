// Mocha's own listing, and one closing line that any reader of logs can count.
const { reporters } = require('mocha')

module.exports = class ClosingLine extends reporters.Spec {
  constructor(runner, options) {
    super(runner, options)
    runner.once('end', () => {
      const { passes, failures } = this.stats
      console.log(`${passes} passed, ${failures} failed`)
    })
  }
}
