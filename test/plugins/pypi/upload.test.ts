import { createHash } from 'node:crypto'
import { expect } from 'chai'
import type { House } from '../../support/house.js'
import { buildSdist } from '../../support/sdist-builder.js'
import { uploadParts } from '../../support/upload-form.js'
import { buildWheel } from '../../support/wheel-builder.js'
import { json, openPypiHouse, post, upload } from './pypi-house.js'

const wheel = buildWheel({ name: 'Friendly-Bard', version: '1.0' })
const other = buildWheel({ name: 'Friendly-Bard', version: '1.0', files: { 'more.py': '' } })
const exists = `File already exists ('${wheel.filename}', with sha256 hash '${wheel.sha256}').`

describe('uploading to a Python index', () => {
  let house: House
  beforeEach(async () => {
    house = await openPypiHouse()
  })
  afterEach(() => house.close())

  const refusal = async (answer: ReturnType<typeof upload>) => {
    const { status, reason, headers, body } = await answer
    expect(headers['content-type']).to.equal('text/plain; charset=utf-8')
    expect(body.toString()).to.equal(`${reason}\n`)
    return `${status} ${reason}`
  }
  const nothingStored = async () => {
    expect(await house.storedFiles()).to.deep.equal([])
    expect(await house.storedDocuments()).to.deep.equal([])
    expect(await house.storedBlobs()).to.equal(0)
  }

  it('stores a wheel, its metadata beside it, and what pages need', async () => {
    const answer = await upload(house, wheel, 'Friendly-Bard', '1.0')
    expect(answer.status).to.equal(200)
    expect(answer.text()).to.equal('OK\n')
    expect(await house.storedFiles()).to.deep.equal([
      'acme/py/friendly-bard/friendly_bard-1.0-py3-none-any.whl',
      'acme/py/friendly-bard/friendly_bard-1.0-py3-none-any.whl.metadata',
    ])
    expect(await house.storedDocuments()).to.deep.equal([
      'acme/py/pypi/friendly-bard: file/friendly_bard-1.0-py3-none-any.whl',
      'acme/py/pypi/friendly-bard: project',
      'acme/py/pypi/friendly-bard: unique/1/wheel  py3-none-any',
    ])
  })

  it('stores source distributions, .tar.gz and .zip', async () => {
    const tar = await buildSdist({ name: 'bard', version: '1.0' })
    const zip = await buildSdist({ name: 'bard', version: '1.1', extension: '.zip' })
    expect((await upload(house, tar, 'bard', '1.0')).status).to.equal(200)
    expect((await upload(house, zip, 'bard', '1.1')).status).to.equal(200)
    expect(await house.storedFiles()).to.deep.equal(['acme/py/bard/bard-1.0.tar.gz', 'acme/py/bard/bard-1.1.zip'])
  })

  it('answers at all four addresses', async () => {
    for (const path of ['/acme/py', '/acme/py/', '/acme/py/legacy', '/acme/py/legacy/']) {
      expect((await upload(house, wheel, 'friendly-bard', '1.0', {}, { path })).status, path).to.equal(200)
    }
  })

  it('takes fields in any order, both spellings of plurals, and a file without a type', async () => {
    const parts = [...uploadParts(wheel, 'Friendly.Bard', '1.0')].reverse().map((part) => {
      if ('value' in part) return part
      const { type: _, ...untyped } = part
      return untyped
    })
    const more = ['provides_extra', 'provides_extras', 'license_file', 'license_files', 'unheard_of'].map((name) => ({
      name,
      value: 'x',
    }))
    expect((await post(house, [...parts, ...more, { name: 'requires_python', value: '' }])).status).to.equal(200)
  })

  it('takes a signature beside the file and does not keep it', async () => {
    const signature = { name: 'gpg_signature', filename: 'a.asc', content: Buffer.from('-----BEGIN PGP SIGNATURE-----') }
    expect((await post(house, [...uploadParts(wheel, 'friendly-bard', '1.0'), signature])).status).to.equal(200)
    expect(await house.storedFiles()).to.have.length(2)
  })

  it('reads :action from the query and takes a form that says no metadata version', async () => {
    const more = { ':action': undefined, metadata_version: undefined, protocol_version: undefined, pyversion: undefined }
    const answer = await upload(house, wheel, 'friendly-bard', '1.0', more, { path: '/acme/py/?:action=file_upload' })
    expect(answer.status).to.equal(200)
  })

  it('accepts the same bytes again and changes nothing', async () => {
    await upload(house, wheel, 'friendly-bard', '1.0')
    const page = (await house.call('GET', '/acme/py/simple/friendly-bard/')).headers['etag']
    expect((await upload(house, wheel, 'friendly-bard', '1.0')).status).to.equal(200)
    expect((await house.call('GET', '/acme/py/simple/friendly-bard/')).headers['etag']).to.equal(page)
    expect(await house.storedFiles()).to.have.length(2)
    expect(await house.storedBlobs()).to.equal(2)
  })

  it('refuses other bytes under a name, however the name is spelled', async () => {
    await upload(house, wheel, 'friendly-bard', '1.0')
    expect(await refusal(upload(house, other, 'friendly-bard', '1.0'))).to.equal(`400 ${exists}`)
    for (const filename of [
      'Friendly_Bard-1.0-py3-none-any.whl',
      'friendly_bard-1.0.0-py3-none-any.whl',
      'friendly.bard-1-py3-none-any.whl',
    ]) {
      const spelled = buildWheel({ name: 'Friendly-Bard', version: '1.0', filename })
      expect(await refusal(upload(house, spelled, 'friendly-bard', '1.0')), filename).to.equal(`400 ${exists}`)
    }
    expect(await house.storedFiles()).to.have.length(2)
  })

  it('refuses a second source distribution of a release', async () => {
    expect((await upload(house, await buildSdist({ name: 'bard', version: '1.0' }), 'bard', '1.0')).status).to.equal(200)
    const second = await buildSdist({ name: 'bard', version: '1.0', extension: '.zip' })
    expect(await refusal(upload(house, second, 'bard', '1.0'))).to.equal('400 Only one sdist may be uploaded per release.')
  })

  it('lets one of two racing uploads of a name win, and both of two first files', async () => {
    const answers = await Promise.all([
      upload(house, wheel, 'friendly-bard', '1.0'),
      upload(house, other, 'friendly-bard', '1.0'),
    ])
    expect(answers.map(({ status }) => status).sort()).to.deep.equal([200, 400])
    const sdist = await buildSdist({ name: 'pair', version: '1.0' })
    const both = await Promise.all([
      upload(house, buildWheel({ name: 'pair', version: '1.0' }), 'pair', '1.0'),
      upload(house, sdist, 'pair', '1.0'),
    ])
    expect(both.map(({ status }) => status)).to.deep.equal([200, 200])
  })

  it('takes twenty files of one project at once', async () => {
    const files = Array.from({ length: 20 }, (_, at) => buildWheel({ name: 'many', version: `1.${at}` }))
    const answers = await Promise.all(files.map((file, at) => upload(house, file, 'many', `1.${at}`)))
    expect(answers.map(({ status }) => status)).to.deep.equal(Array(20).fill(200))
    expect(await house.storedFiles()).to.have.length(40)
  })

  it('verifies every digest that is given, and wants one at least', async () => {
    const digests = {
      md5_digest: createHash('md5').update(wheel.content).digest('hex'),
      sha256_digest: wheel.sha256.toUpperCase(),
      blake2_256_digest: undefined,
    }
    const differs = '400 The digest supplied does not match a digest calculated from the uploaded file.'
    const zeros = (length: number) => '0'.repeat(length)
    expect(await refusal(upload(house, wheel, 'friendly-bard', '1.0', { ...digests, md5_digest: zeros(32) }))).to.equal(differs)
    expect(await refusal(upload(house, wheel, 'friendly-bard', '1.0', { ...digests, sha256_digest: zeros(64) }))).to.equal(
      differs,
    )
    expect(await refusal(upload(house, wheel, 'friendly-bard', '1.0', { ...digests, blake2_256_digest: zeros(64) }))).to.equal(
      differs,
    )
    expect(await refusal(upload(house, wheel, 'friendly-bard', '1.0', { sha256_digest: undefined }))).to.equal(
      '400 Include at least one message digest.',
    )
    expect(await refusal(upload(house, wheel, 'friendly-bard', '1.0', { sha256_digest: 'abc' }))).to.equal(
      '400 Invalid value for sha256_digest. Error: Use a valid, hex-encoded, SHA256 message digest.',
    )
    await nothingStored()
    expect((await upload(house, wheel, 'friendly-bard', '1.0', digests)).status).to.equal(200)
  })

  it('takes BLAKE2b with 32 bytes of output for what it is', async () => {
    const abc = 'bddd813c634239723171ef3fee98579b94964e3bb1cb3e427262c8c068d52319'
    const parts = uploadParts({ ...wheel, content: Buffer.from('abc') }, 'friendly-bard', '1.0', {
      sha256_digest: undefined,
      blake2_256_digest: abc,
    })
    expect(await refusal(post(house, parts))).to.match(/^400 Invalid distribution file\. /)
  })

  const forms: readonly [string, Record<string, string | undefined>, string][] = [
    ['another action', { ':action': 'whatever' }, "400 Invalid value for :action. Error: Use 'file_upload'."],
    ['no action', { ':action': '' }, "400 Invalid value for :action. Error: Use 'file_upload'."],
    ['another protocol', { protocol_version: '2' }, '400 Unknown protocol version.'],
    ['an unknown file type', { filetype: 'bdist_egg' }, '400 Invalid value for filetype. Error: Use a known file type.'],
    ['no name', { name: '' }, "400 '' is an invalid value for Name. Error: This field is required."],
    [
      'a bad name',
      { name: 'fri*nd' },
      "400 'fri*nd' is an invalid value for Name. Error: Start and end with a letter or numeral containing only ASCII numeric and '.', '_' and '-'.",
    ],
    ['no version', { version: 'UNKNOWN' }, "400 '' is an invalid value for Version. Error: This field is required."],
    ['another name', { name: 'bard' }, "400 Start filename for 'bard' with 'bard'."],
    ['another version', { version: '1.1' }, "400 Version in filename should be '1.1' not '1.0'."],
    ['a zero byte', { summary: 'a\0b' }, '400 summary: NUL characters are not allowed.'],
    [
      'a format of another age',
      { metadata_version: '9.0' },
      "400 '9.0' is an invalid value for Metadata-Version. Error: Use a known metadata version.",
    ],
  ]
  for (const [what, more, expected] of forms) {
    it(`refuses a form with ${what}`, async () => {
      expect(await refusal(upload(house, wheel, 'friendly-bard', '1.0', more))).to.equal(expected)
      await nothingStored()
    })
  }

  it('refuses a form without a file, with two, and with a file where text belongs', async () => {
    const parts = uploadParts(wheel, 'friendly-bard', '1.0')
    const content = { name: 'content', filename: 'a.whl', content: wheel.content }
    expect(await refusal(post(house, parts.slice(0, -1)))).to.equal('400 Upload payload does not have a file.')
    expect(await refusal(post(house, [...parts, content]))).to.equal('400 content: Only one file may be uploaded at a time.')
    expect(await refusal(post(house, [...parts, { ...content, name: 'summary' }]))).to.equal(
      '400 summary: Should not be a tuple.',
    )
    const image = parts.map((part) => ('value' in part ? part : { ...part, type: 'image/png' }))
    expect(await refusal(post(house, image))).to.equal('400 Invalid distribution file. It is said to be an image')
    await nothingStored()
  })

  it('answers 410 to what this interface stopped doing', async () => {
    for (const action of ['submit', 'submit_pkg_info', 'doc_upload']) {
      expect(await refusal(upload(house, wheel, 'friendly-bard', '1.0', { ':action': action }))).to.match(
        /^410 Support for ':action=/,
      )
    }
    await nothingStored()
  })

  it('refuses file names that are more than a name', async () => {
    for (const filename of [
      '../../evil-1.0-py3-none-any.whl',
      'C:\\x.whl',
      'a/b-1.0-py3-none-any.whl',
      `${'a'.repeat(260)}.whl`,
      'friendly_bard-1.0%2f.whl',
    ]) {
      const { status } = await upload(house, { ...wheel, filename }, 'friendly-bard', '1.0')
      expect(status, filename).to.equal(400)
    }
    await nothingStored()
  })

  it('refuses archives that are not what they seem', async () => {
    const bad = (why: string) => `400 Invalid distribution file. ${why}`
    const refused = async (options: Partial<Parameters<typeof buildWheel>[0]>) =>
      refusal(upload(house, buildWheel({ name: 'bard', version: '1.0', ...options }), 'bard', '1.0'))
    expect(await refused({ shape: { trailer: Buffer.from('x') } })).to.equal(bad('Trailing data'))
    expect(await refused({ shape: { prefix: Buffer.from('#!') } })).to.equal(bad('Unknown record signature'))
    expect(await refused({ entries: [{ name: 'bard/__init__.py' }] })).to.equal(
      bad('Duplicate filename in local headers: bard/__init__.py'),
    )
    expect(await refused({ without: ['METADATA'] })).to.equal(
      "400 Wheel 'bard-1.0-py3-none-any.whl' does not contain the required METADATA file: bard-1.0.dist-info/METADATA",
    )
    expect(await refused({ distInfo: 'other-1.0.dist-info' })).to.equal(
      "400 Wheel 'bard-1.0-py3-none-any.whl' does not contain the required METADATA file: bard-1.0.dist-info/METADATA",
    )
    expect(await refused({ without: ['RECORD'] })).to.match(/required RECORD file/)
    expect(await refused({ entries: [{ name: 'other-1.0.dist-info/METADATA', content: 'x' }] })).to.equal(
      bad('Several .dist-info directories at the top of the wheel'),
    )
    expect(await refused({ record: 'bard-1.0.dist-info/METADATA,sha256=AAAA,\n' })).to.equal(
      bad('RECORD has another digest for bard-1.0.dist-info/METADATA'),
    )
    expect(await refused({ record: 'one,two\n' })).to.equal(bad('Malformed RECORD: a row has not three fields'))
    expect(await refused({ metadata: 'Metadata-Version: 2.1\nName: other\nVersion: 1.0\n' })).to.equal(
      bad("METADATA is of project 'other', the file name is of 'bard'"),
    )
    expect(await refused({ metadata: 'Metadata-Version: 2.1\nName: bard\nVersion: 2.0\n' })).to.equal(
      bad("METADATA is of version '2.0', the file name is of '1.0'"),
    )
    expect(await refused({ requiresPython: 'three' })).to.equal(
      "400 'three' is an invalid value for Requires-Python. Error: Invalid specifier.",
    )
    const sdist = await buildSdist({ name: 'bard', version: '1.0', members: [{ name: 'elsewhere/x', content: '' }] })
    expect(await refusal(upload(house, sdist, 'bard', '1.0'))).to.equal(bad('Everything must stand in one directory'))
    const bare = await buildSdist({ name: 'bard', version: '1.0', withoutMetadata: true })
    expect(await refusal(upload(house, bare, 'bard', '1.0'))).to.equal(
      "400 Source distribution 'bard-1.0.tar.gz' does not contain the required PKG-INFO file: bard-1.0/PKG-INFO",
    )
    await nothingStored()
  })

  it('finds .dist-info under another spelling of the name', async () => {
    const odd = buildWheel({ name: 'Friendly.Bard', version: '1.0', distInfo: 'Friendly.Bard-1.0.0.dist-info' })
    expect((await upload(house, odd, 'friendly-bard', '1.0')).status).to.equal(200)
  })

  it('takes local versions and bare Linux wheels, which a house builds for itself', async () => {
    const local = buildWheel({ name: 'gpu', version: '1.0+cu121', tag: 'cp311-cp311-linux_x86_64' })
    expect((await upload(house, local, 'gpu', '1.0+cu121')).status).to.equal(200)
  })

  it('refuses a form that says other dependencies than the wheel, however either spells them', async () => {
    const headers = ['Requires-Dist: lute-player[gut,silk] (>=1.0,<2); extra == "cli"', 'Requires-Dist: harp']
    const file = buildWheel({ name: 'bard', version: '1.0', headers })
    const parts = (...dependencies: readonly string[]) => [
      ...uploadParts(file, 'bard', '1.0'),
      ...dependencies.map((value) => ({ name: 'requires_dist', value })),
    ]
    const send = (...dependencies: readonly string[]) => post(house, parts(...dependencies))
    const words = 'Invalid distribution file. Requires-Dist of the form and of METADATA differ: only'
    for (const [dependencies, says] of [
      [['harp', 'evil'], `the form has 'evil'`],
      [['harp>=2', headers[0]?.slice(15) ?? ''], `the form has 'harp>=2'`],
      [['harp'], `METADATA has 'lute-player[gut,silk] (>=1.0,<2); extra == "cli"'`],
    ] as const) {
      const answer = await send(...dependencies)
      expect([answer.status, answer.text()]).to.deep.equal([400, `${words} ${says}\n`])
      await nothingStored()
    }
    expect((await send("Lute.Player[silk, gut]<2,>=1.0 ; extra=='cli'", 'harp')).status).to.equal(200)
  })

  it('believes the file, not the form: what an installer is told is what lies in the archive', async () => {
    const file = buildWheel({ name: 'bard', version: '1.0', requiresPython: '>=3.9', headers: ['Requires-Dist: lute'] })
    const lies = { requires_python: '>=2.7', summary: 'Lies', metadata_version: '1.0' }
    expect((await upload(house, file, 'bard', '1.0', lies)).status).to.equal(200)
    const page = await house.call('GET', '/acme/py/simple/bard/', { headers: { accept: json } })
    expect((page.json() as { files: readonly object[] }).files[0]).to.include({ 'requires-python': '>=3.9' })
    const { info } = (await house.call('GET', '/acme/py/pypi/bard/json')).json() as { info: object }
    expect(info).to.deep.include({ requires_python: '>=3.9', requires_dist: ['lute'], summary: '' })
    const metadata = await house.call('GET', `/acme/py/files/${file.sha256}/${file.filename}.metadata`)
    expect(metadata.body.toString()).to.equal(file.metadata)
  })

  it('asks who it is before it reads the form, and may refuse', async () => {
    expect((await upload(house, wheel, 'friendly-bard', '1.0', {}, { as: 'nobody' })).status).to.equal(401)
    expect((await upload(house, wheel, 'friendly-bard', '1.0', {}, { as: 'rita' })).status).to.equal(403)
    expect((await upload(house, wheel, 'friendly-bard', '1.0', {}, { as: 'gus' })).status).to.equal(403)
    expect((await upload(house, wheel, 'friendly-bard', '1.0', {}, { as: 'bert' })).status).to.equal(401)
    await nothingStored()
  })

  it('answers uv in JSON without a charset', async () => {
    await upload(house, wheel, 'friendly-bard', '1.0')
    const accept = 'application/json;q=0.9, text/plain;q=0.8, text/html;q=0.7'
    const answer = await upload(house, other, 'friendly-bard', '1.0', {}, { headers: { accept } })
    expect(answer.status).to.equal(400)
    expect(answer.reason).to.equal(exists)
    expect(answer.headers['content-type']).to.equal('application/json')
    expect(answer.json()).to.deep.equal({ message: exists, code: `400 ${exists}`, title: 'Bad Request' })
  })

  it('refuses what is no form', async () => {
    const answer = await house.call('POST', '/acme/py/', { headers: { 'content-type': 'application/json' }, body: '{}' })
    expect(answer.status).to.equal(400)
    await nothingStored()
  })
})
