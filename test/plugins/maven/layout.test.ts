import { expect } from 'chai'
import { type ArtifactFile, fileName, owningFolder, parseMavenPath } from '../../../plugins/maven/layout.js'

function artifact(path: string): ArtifactFile {
  const parsed = parseMavenPath(path)
  if (parsed.kind !== 'artifact') throw new Error(`${path} is ${parsed.kind}`)
  return parsed
}
/** groupId, artifactId, base version, build, classifier, extension. */
const reading = (path: string) => {
  const { folder, build, classifier, extension } = artifact(path)
  return [folder.groupId, folder.artifactId, folder.baseVersion, build, classifier, extension]
}

describe('the Maven layout', () => {
  const readings: readonly (readonly [string, readonly string[]])[] = [
    ['org/demo/lib/1.0/lib-1.0.jar', ['org.demo', 'lib', '1.0', 'release', '', 'jar']],
    ['org/demo/lib/1.0/lib-1.0.pom', ['org.demo', 'lib', '1.0', 'release', '', 'pom']],
    ['org/demo/lib/1.0/lib-1.0-sources.jar', ['org.demo', 'lib', '1.0', 'release', 'sources', 'jar']],
    [
      'org/demo/lib/1.1-SNAPSHOT/lib-1.1-20260131.235959-3.jar',
      ['org.demo', 'lib', '1.1-SNAPSHOT', '20260131.235959-3', '', 'jar'],
    ],
    ['org/demo/lib/SNAPSHOT/lib-20260131.235959-1.jar', ['org.demo', 'lib', 'SNAPSHOT', '20260131.235959-1', '', 'jar']],
    ['org/demo/lib/SNAPSHOT/lib-SNAPSHOT.jar', ['org.demo', 'lib', 'SNAPSHOT', 'literal', '', 'jar']],
    ['junit/junit/4.13/junit-4.13.jar', ['junit', 'junit', '4.13', 'release', '', 'jar']],
    ['a/b/c.d/1+x/c.d-1+x.jar', ['a.b', 'c.d', '1+x', 'release', '', 'jar']],
    ['o/lib/1.0-SNAPSHOT/lib-1.0-20260101.000000-12-3.jar', ['o', 'lib', '1.0-SNAPSHOT', '20260101.000000-12', '3', 'jar']],
    [
      'o/lib/1.0-SNAPSHOT/lib-1.0-20260101.000000-4-sources.jar',
      ['o', 'lib', '1.0-SNAPSHOT', '20260101.000000-4', 'sources', 'jar'],
    ],
    [
      'o/lib/1.0-SNAPSHOT/lib-1.0-20260101.000000-4-sources-2.jar',
      ['o', 'lib', '1.0-SNAPSHOT', '20260101.000000-4', 'sources-2', 'jar'],
    ],
    [
      'o/lib/1.0-SNAPSHOT/lib-1.0-SNAPSHOT-20260101.000000-1.jar',
      ['o', 'lib', '1.0-SNAPSHOT', 'literal', '20260101.000000-1', 'jar'],
    ],
    ['o/lib/1.0/lib-1.0-linux-x86_64.tar.gz', ['o', 'lib', '1.0', 'release', 'linux-x86_64', 'tar.gz']],
    ['o/lib/1.0/lib-1.0.tar.gz', ['o', 'lib', '1.0', 'release', '', 'tar.gz']],
    ['o/lib/1.0/lib-1.0-jdk1.8.jar', ['o', 'lib', '1.0', 'release', 'jdk1.8', 'jar']],
    ['o/lib/1.0/lib-1.0.foo.jar', ['o', 'lib', '1.0', 'release', '', 'foo.jar']],
    ['o/lib/1.0/lib-1.0-build.pom', ['o', 'lib', '1.0', 'release', 'build', 'pom']],
    ['o/lib/1/lib-1-1.0.jar', ['o', 'lib', '1', 'release', '1.0', 'jar']],
    ['o/lib-1/1.0/lib-1-1.0.jar', ['o', 'lib-1', '1.0', 'release', '', 'jar']],
    ['o/lib/1.0/lib-1.0.jar.asc', ['o', 'lib', '1.0', 'release', '', 'jar.asc']],
    ['o/lib/1.0/lib-1.0-bin.tar.gz.asc', ['o', 'lib', '1.0', 'release', 'bin', 'tar.gz.asc']],
    ['o/lib/1.0/lib-1.0.jar.sigstore.json', ['o', 'lib', '1.0', 'release', '', 'jar.sigstore.json']],
    ['o/lib/1.0-20260131.235959-3/lib-1.0-20260131.235959-3.jar', ['o', 'lib', '1.0-20260131.235959-3', 'release', '', 'jar']],
    ['o/lib/1.0-snapshot/lib-1.0-snapshot.jar', ['o', 'lib', '1.0-snapshot', 'release', '', 'jar']],
  ]
  for (const [path, expected] of readings) it(`reads ${path}`, () => expect(reading(path)).to.deep.equal(expected))

  for (const [path, { folder, build, classifier, extension }] of readings.map(([path]) => [path, artifact(path)] as const))
    it(`writes ${path} again from its coordinates`, () =>
      expect(`${folder.versionFolder}/${fileName(folder, build, classifier, extension)}`).to.equal(path))

  for (const path of [
    'o/lib/1.0/ivy-1.0.xml',
    'o/lib/1.0/lib-1.0',
    'o/lib/1.0/lib-1.0-.jar',
    'o/lib/1.0/lib-1.0-sources',
    'o/lib/1.0/lib-1.0.',
    'o/lib/1.0/lib-1.01.jar',
    'o/foo_2.12_1.0/1.0/foo-1.0.pom',
    'o/lib/1.0-SNAPSHOT/lib-1.0-2026.1-1.jar',
    'o/lib/1.0-SNAPSHOT/lib-1.0-20260101.000000-1234567890.jar',
    'lib/1.0/lib-1.0.jar',
    'README.txt',
  ])
    it(`finds no artifact in ${path}`, () => expect(parseMavenPath(path).kind).to.equal('other'))

  it('takes one checksum suffix off, never two', () => {
    const parsed = parseMavenPath('o/lib/1.0/lib-1.0.jar.sha1')
    expect(parsed).to.include({ kind: 'checksum', algorithm: 'sha1', target: 'o/lib/1.0/lib-1.0.jar' })
    const double = parseMavenPath('o/lib/1.0/lib-1.0.jar.sha1.md5')
    if (double.kind !== 'checksum') throw new Error(double.kind)
    expect(double.of.kind).to.equal('checksum')
    expect(parseMavenPath('o/lib/1.0/.sha1').kind).to.equal('other')
  })

  it('attaches a signature to its file, and keeps that of a checksum apart', () => {
    expect(artifact('o/lib/1.0/lib-1.0.jar.asc')).to.include({ signatureOf: 'lib-1.0.jar', opaque: false })
    expect(artifact('o/lib/1.0/lib-1.0.jar.sha1.asc')).to.include({ extension: 'jar.sha1.asc', opaque: true })
  })

  it('knows metadata at any level and the server-made roots', () => {
    expect(parseMavenPath('org/foo/bar/maven-metadata.xml')).to.deep.equal({ kind: 'metadata', folder: 'org/foo/bar' })
    expect(parseMavenPath('maven-metadata.xml')).to.deep.equal({ kind: 'metadata', folder: '' })
    expect(parseMavenPath('archetype-catalog.xml')).to.deep.equal({ kind: 'catalog' })
    for (const path of ['.index/nexus-maven-repository-index.gz', '.meta/prefixes.txt'])
      expect(parseMavenPath(path).kind).to.equal('well-known')
  })

  it('names the folder of group and artifact as the owner of every path below', () => {
    for (const path of [
      'org/demo/lib/maven-metadata.xml',
      'org/demo/lib/1.1-SNAPSHOT/maven-metadata.xml.sha1',
      'org/demo/lib/1.1-SNAPSHOT/lib-1.1-20260131.235959-3.jar',
      'org/demo/lib/1.0/lib-1.0.jar.sha256',
      'org/demo/lib/1.0/ivy-1.0.xml',
    ])
      expect(owningFolder(path)).to.equal('org/demo/lib')
  })
})
