import { cp, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { buildZip } from '../support/zip-builder.js'
import { cached, must } from './client-cache.js'
import { mavenLibraries } from './java-tools.js'

const source = join(dirname(fileURLToPath(import.meta.url)), '..', '..', '..', 'test', 'clients', 'GradleBuild.java')

/** Arguments for `java` that run Gradle. No registry has its distribution; it has all its classes in one jar, for those who test plugins. Gradle looks for
 *  a jar to each of its modules: these get an empty one each, that names the module's parts, and the classes lie in the first. */
export async function gradle(version: string): Promise<readonly string[]> {
  const home = await cached(`gradle-home-${version}`, async (making) => {
    const libraries = await mavenLibraries(`dev.gradleplugins:gradle-api:${version}`)
    const lib = join(making, 'lib')
    await mkdir(join(lib, 'plugins'), { recursive: true })
    const others = (await readdir(libraries)).filter((name) => name.endsWith('.jar') && !name.startsWith('gradle-api-'))
    for (const name of others) await cp(join(libraries, name), join(lib, name))
    const whole = join(lib, `gradle-base-services-${version}.jar`)
    await cp(join(libraries, `gradle-api-${version}.jar`), whole)
    const parts = join(making, 'parts')
    await must('unzip', ['-q', '-o', whole, '*-classpath.properties', '-d', parts], making)
    await must('zip', ['-q', '-d', whole, '*-classpath.properties'], making)
    const wanted = new Set<string>()
    for (const file of await readdir(parts)) {
      const text = await readFile(join(parts, file), 'utf8')
      const list = (name: string) => new RegExp(`^${name}=(.*)$`, 'm').exec(text)?.[1] ?? ''
      for (const name of list('runtime').split(',')) if (name !== '') wanted.add(name)
      const module = file.replace('-classpath.properties', '')
      if (module !== 'gradle-base-services') {
        const content = `projects=${list('projects')}\nruntime=\noptional=\n`
        await writeFile(join(lib, `${module}-${version}.jar`), buildZip([{ name: file, content }]))
        continue
      }
      await writeFile(join(making, file), `projects=${list('projects')}\nruntime=${others.join(',')}\n`)
      await must('zip', ['-q', '-j', whole, join(making, file)], making)
    }
    const nothing = buildZip([{ name: 'META-INF/MANIFEST.MF', content: 'Manifest-Version: 1.0\n' }])
    for (const name of wanted) if (!others.includes(name)) await writeFile(join(lib, name), nothing)
    await rm(parts, { recursive: true })
  })
  const lib = join(home, 'lib')
  return ['-Dorg.gradle.native=false', '-cp', `${join(lib, `gradle-base-services-${version}.jar`)}:${lib}/*`, source]
}
