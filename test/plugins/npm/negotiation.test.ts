import { expect } from 'chai'
import { flavourOf } from '../../../plugins/npm/negotiation.js'

describe('npm: which packument is asked for', () => {
  for (const [accept, flavour, client] of [
    [undefined, 'full', 'yarn 4'],
    ['*/*', 'full', 'deno'],
    ['application/json', 'full', 'npm 11'],
    ['application/vnd.npm.install-v1+json; q=1.0, application/json; q=0.8, */*', 'abbreviated', 'npm 8'],
    ['application/vnd.npm.install-v1+json;q=1.0,application/json;q=0.8', 'abbreviated', 'bun'],
    ['Application/Vnd.Npm.Install-V1+JSON', 'abbreviated', 'anybody'],
    ['application/vnd.npm.install-v1+json; q=0', 'full', 'somebody who refuses it'],
    ['application/vnd.npm.install-v1+json; q=0.5, application/json', 'full', 'somebody who prefers the other'],
    ['application/json, application/vnd.npm.install-v1+json', 'abbreviated', 'somebody who likes both'],
    ['application/vnd.npm.install-v1+json; q=nonsense', 'full', 'somebody who cannot count'],
  ] as const) {
    it(`serves ${flavour} to ${client}`, () => {
      expect(flavourOf(accept)).to.equal(flavour)
    })
  }
})
