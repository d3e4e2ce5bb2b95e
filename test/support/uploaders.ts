import type { Answer, House } from './house.js'
import { hexOf, pomOf } from './maven-deployment.js'
import { publishBody } from './npm-package.js'
import { multipart, uploadParts } from './upload-form.js'
import { buildWheel } from './wheel-builder.js'

/** Repositories of organization `acme` by format. */
export const uploadShelves = [
  { name: 'mvn', format: 'maven' },
  { name: 'js', format: 'npm' },
  { name: 'py', format: 'pypi' },
  { name: 'files', format: 'raw' },
] as const
export type UploadFormat = (typeof uploadShelves)[number]['format']

/** One version of a package, by the requests of its client. Throws where one of them is refused. */
const publishNew: Readonly<Record<UploadFormat, (house: House, name: string, version: string) => Promise<void>>> = {
  async raw(house, name, version) {
    await done(house.call('PUT', `/acme/files/${name}/${version}/file.bin`, { body: `${name} ${version}` }))
  },
  async npm(house, name, version) {
    const body = JSON.stringify(await publishBody({ name, version }))
    await done(house.call('PUT', `/acme/js/${name}`, { body, headers: { 'content-type': 'application/json' } }))
  },
  async pypi(house, name, version) {
    const { headers, body } = multipart(uploadParts(buildWheel({ name, version }), name, version))
    await done(house.call('POST', '/acme/py/', { headers, body }))
  },
  async maven(house, name, version) {
    const folder = `/acme/mvn/org/demo/${name}/${version}/${name}-${version}`
    const coordinates = { group: 'org.demo', artifact: name, version }
    for (const [file, body] of [
      [`${folder}.jar`, `jar of ${name} ${version}`],
      [`${folder}.pom`, pomOf(coordinates)],
    ] as const) {
      await done(house.call('PUT', file, { body }))
      await done(house.call('PUT', `${file}.sha1`, { body: hexOf('sha1', body) }))
    }
    const metadata = `<metadata><groupId>org.demo</groupId><artifactId>${name}</artifactId><versioning><release>${version}</release><versions><version>${version}</version></versions><lastUpdated>20260101000000</lastUpdated></versioning></metadata>`
    await done(house.call('PUT', `/acme/mvn/org/demo/${name}/maven-metadata.xml`, { body: metadata }))
  },
}

async function done(answer: Promise<Answer>): Promise<void> {
  const { status, body } = await answer
  if (status >= 300) throw new Error(`${status}: ${body}`)
}

export type Upload = readonly [format: UploadFormat, name: string, version: string]

/** Each by the next client that is free, of so many. */
export async function publishAll(house: House, uploads: readonly Upload[], clients: number): Promise<void> {
  let next = 0
  const client = async () => {
    for (let upload = uploads[next++]; upload; upload = uploads[next++]) {
      const [format, name, version] = upload
      await publishNew[format](house, name, version)
    }
  }
  await Promise.all(Array.from({ length: clients }, client))
}
