import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'chai'
import { projectFiles, read, root } from './source-tree.js'

interface Manifest {
  readonly dependencies: Readonly<Record<string, string>>
  readonly devDependencies: Readonly<Record<string, string>>
}
interface LockFile {
  readonly packages: Readonly<
    Record<string, { readonly version?: string; readonly integrity?: string; readonly resolved?: string }>
  >
}

describe('the lock file', () => {
  const lock = JSON.parse(read('package-lock.json')) as LockFile
  const manifest = JSON.parse(read('package.json')) as Manifest

  it('holds versions and digests, and no address', () => {
    expect(read('package-lock.json')).not.to.match(/"resolved"|"https?:/)
    const unlocked = Object.entries(lock.packages).filter(
      ([path, { version, integrity }]) => path !== '' && !(version && integrity),
    )
    expect(unlocked.map(([path]) => path)).to.deep.equal([])
  })

  it('agrees with package.json, where every version is exact', () => {
    for (const [name, version] of Object.entries({ ...manifest.dependencies, ...manifest.devDependencies })) {
      expect(version, name).to.match(/^\d+\.\d+\.\d+(-[\w.]+)?$/)
      expect(lock.packages[`node_modules/${name}`]?.version, name).to.equal(version)
    }
  })

  it('and no other file names the registry that this machine installs from', () => {
    const address = execFileSync('npm', ['config', 'get', 'registry'], { cwd: root, encoding: 'utf8' }).trim()
    const { hostname } = new URL(address)
    expect(hostname).not.to.equal('')
    // A registry on this machine itself has no name that a file could not mention.
    if (/^(localhost|127\.|\[::1\])/.test(hostname)) return
    const naming = projectFiles().filter((path) => readFileSync(join(root, path)).includes(hostname))
    expect(naming).to.deep.equal([])
  })
})
