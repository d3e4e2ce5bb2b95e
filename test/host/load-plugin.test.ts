import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { expect } from 'chai'
import { loadPlugin } from '../../host/load-plugin.js'

describe('A plugin of somebody else', () => {
  let folder: string
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'plugin-'))
  })
  after(() => rm(folder, { recursive: true }))

  it('is loaded by its path, from the folder of the settings', async () => {
    await writeFile(join(folder, 'good.mjs'), "export default { name: 'good', version: '1', contract: 1, mounts: [] }")
    const { plugin, address } = await loadPlugin('./good.mjs', folder)
    expect([plugin.name, address]).to.deep.equal(['good', pathToFileURL(join(folder, 'good.mjs')).href])
    expect((await loadPlugin(join(folder, 'good.mjs'))).plugin).to.equal(plugin)
  })

  const broken: [string, string, RegExp][] = [
    ['throws', "throw new Error('at load')", /^Plugin '\.\/throws\.mjs' cannot be loaded: at load$/],
    ['syntax', 'export default {', /^Plugin '\.\/syntax\.mjs' cannot be loaded: /],
    ['nothing', 'export const a = 1', /^Plugin '\.\/nothing\.mjs' has no default export with name/],
    ['shape', "export default { name: 'x' }", /^Plugin '\.\/shape\.mjs' has no default export with name/],
  ]
  for (const [name, content, reason] of broken)
    it(`stops the start where its module is wrong (${name})`, async () => {
      await writeFile(join(folder, `${name}.mjs`), content)
      const error = await loadPlugin(`./${name}.mjs`, folder).catch((thrown: Error) => thrown)
      expect((error as Error).message).to.match(reason)
    })

  for (const name of ['cloudrepo-no-such-plugin', './missing.mjs', 'constructor'])
    it(`stops the start where there is none called '${name}'`, async () => {
      const error = await loadPlugin(name, folder).catch((thrown: Error) => thrown)
      expect((error as Error).message).to.match(new RegExp(`^Plugin '${name}' cannot be loaded: `))
    })
})
