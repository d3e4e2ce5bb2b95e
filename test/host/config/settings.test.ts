import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import { readSettings, SettingsError } from '../../../host/config/read-settings.js'

describe('Settings', () => {
  let folder: string
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'settings-'))
  })
  after(() => rm(folder, { recursive: true }))

  async function file(content: unknown): Promise<string> {
    const path = join(folder, 'cloudrepo.json')
    await writeFile(path, typeof content === 'string' ? content : JSON.stringify(content))
    return path
  }
  async function complaint(environment: NodeJS.ProcessEnv, content: unknown = {}): Promise<string> {
    const path = await file(content)
    try {
      await readSettings(environment, path)
    } catch (error) {
      expect(error).to.be.instanceOf(SettingsError)
      return (error as Error).message
    }
    throw new Error('they were taken')
  }

  it('have defaults for everything', async () => {
    expect(await readSettings({}, await file({}))).to.deep.equal({
      listen: { host: '127.0.0.1', port: 8080 },
      trustedProxies: [],
      data: './data',
      workers: 1,
      blobs: 'files',
      metadata: 'embedded',
      s3PathStyle: 'off',
      sample: 'on',
      plugins: ['maven', 'npm', 'pypi', 'raw', 'scim', 'api'],
      logLevel: 'info',
      encryption: { artifacts: 'app' },
      limits: {},
      mailUrl: { kind: 'console' },
      passwordScheme: 'pbkdf2-blake2b512',
    })
  })

  it('come from the file, then from the environment', async () => {
    const path = await file({
      listen: '0.0.0.0:80',
      data: '/srv/data',
      limits: { maxArtifactSize: 0 },
      encryption: { artifacts: 'off' },
    })
    const settings = await readSettings(
      {
        CLOUDREPO_LISTEN: '[::1]:0',
        CLOUDREPO_PUBLIC_URL: 'https://repo.example.com/packages',
        CLOUDREPO_TRUSTED_PROXIES: '10.0.0.0/8, ::1',
        CLOUDREPO_PLUGINS: 'raw,./binaries.js',
        CLOUDREPO_SAMPLE: 'off',
        CLOUDREPO_WORKERS: '3',
        CLOUDREPO_URL: 'http://127.0.0.1:1',
        CLOUDREPO_TOKEN: 'x',
        OTHER: 'y',
      },
      path,
    )
    expect(settings).to.deep.include({
      listen: { host: '::1', port: 0 },
      trustedProxies: ['10.0.0.0/8', '::1'],
      data: '/srv/data',
      sample: 'off',
      workers: 3,
      plugins: ['raw', './binaries.js'],
      limits: { maxArtifactSize: 0 },
      encryption: { artifacts: 'off' },
    })
    expect(settings.publicUrl?.href).to.equal('https://repo.example.com/packages/')
  })

  const variables: [string, string, RegExp][] = [
    ['CLOUDREPO_LISTEN', '8080', /host:port/],
    ['CLOUDREPO_LISTEN', 'localhost:70000', /host:port/],
    ['CLOUDREPO_LISTEN', ' ', /empty/],
    ['CLOUDREPO_PUBLIC_URL', 'repo.example.com', /address/],
    ['CLOUDREPO_PUBLIC_URL', 'ftp://repo.example.com', /address/],
    ['CLOUDREPO_PUBLIC_URL', 'https://a:b@repo.example.com', /address/],
    ['CLOUDREPO_PUBLIC_URL', 'https://repo.example.com/?a', /address/],
    ['CLOUDREPO_TRUSTED_PROXIES', '10.0.0.0/8,proxy', /'proxy' is not a network/],
    ['CLOUDREPO_TRUSTED_PROXIES', '10.0.0.0/33', /not a network/],
    ['CLOUDREPO_WORKERS', '0', /from 1 to 64/],
    ['CLOUDREPO_WORKERS', 'many', /from 1 to 64/],
    ['CLOUDREPO_BLOBS', 'tape', /"files"\|"s3"/],
    ['CLOUDREPO_BLOBS', 's3', /CLOUDREPO_S3_BUCKET is missing beside it/],
    ['CLOUDREPO_METADATA', 'sql', /"embedded"\|"dynamodb"/],
    ['CLOUDREPO_METADATA', 'dynamodb', /CLOUDREPO_DYNAMODB_TABLE is missing beside it/],
    ['CLOUDREPO_METADATA', 'dynamodb', /dynamodb wants CLOUDREPO_BLOBS=s3 beside it/],
    ['CLOUDREPO_METADATA', 'dynamodb', /CLOUDREPO_ROOT_KEY is missing beside it/],
    ['CLOUDREPO_S3_BUCKET', 'b', /the name of a bucket/],
    ['CLOUDREPO_S3_PREFIX', 'house', /a slash behind each/],
    ['CLOUDREPO_S3_PREFIX', '../', /a slash behind each/],
    ['CLOUDREPO_S3_ENDPOINT', 'store.example.com', /an http or https address/],
    ['CLOUDREPO_S3_ENDPOINT', 'http://key:secret@127.0.0.1', /without path, credentials/],
    ['CLOUDREPO_S3_REGION', 'eu central', /a region is expected/],
    ['CLOUDREPO_S3_PATH_STYLE', 'yes', /"on"\|"off"/],
    ['CLOUDREPO_DYNAMODB_TABLE', 't', /the name of a table/],
    ['CLOUDREPO_DYNAMODB_ENDPOINT', 'ftp://127.0.0.1', /an http or https address/],
    ['CLOUDREPO_SAMPLE', 'yes', /./],
    ['CLOUDREPO_PLUGINS', 'raw,raw', /twice/],
    ['CLOUDREPO_PLUGINS', 'raw,', /./],
    ['CLOUDREPO_PASSWORD_SCHEME', 'bcrypt', /argon2id/],
    ['CLOUDREPO_TLS_CERT', 'c.pem', /CLOUDREPO_TLS_KEY is missing beside it/],
    ['CLOUDREPO_TLS_KEY', 'k.pem', /CLOUDREPO_TLS_CERT is missing beside it/],
    ['CLOUDREPO_METRICS', '9090', /host:port/],
    ['CLOUDREPO_MAIL_URL', 'mail.example.com', /smtp:/],
    ['CLOUDREPO_UPSTREAM_ALLOW', '10.0.0.0/8', /no such setting/],
    ['CLOUDREPO_LISTENN', 'x', /no such setting/],
  ]
  for (const [name, value, reason] of variables)
    it(`name ${name} where it is '${value}'`, async () => {
      const message = await complaint({ [name]: value })
      expect(message)
        .to.match(new RegExp(`^${name}: `))
        .and.to.match(reason)
    })

  const contents: [string, unknown, string][] = [
    ['an unknown name', { lissten: 'x' }, 'lissten: no such setting'],
    ['an unknown limit', { limits: { maxSize: 1 } }, 'limits.maxSize: no such setting'],
    ['a limit above its ceiling', { limits: { maxArtifactSize: 2 ** 50 } }, 'limits.maxArtifactSize: '],
    ['a limit that is no number', { limits: { maxArtifactSize: '5 GiB' } }, 'limits.maxArtifactSize: '],
    ['a sweeper that never rests', { limits: { sweepHours: 0 } }, 'limits.sweepHours: '],
    ['a delay above its ceiling', { limits: { blobDeleteDelayDays: 366 } }, 'limits.blobDeleteDelayDays: '],
    ['a negative limit', { limits: { undoDays: -1 } }, 'limits.undoDays: '],
    ['an unknown encryption', { encryption: { artifacts: 'rot13' } }, 'encryption.artifacts: '],
    ['a plugin that is no name', { plugins: [1] }, 'plugins.0: '],
    ['a list', [], `FILE: an object is expected`],
    ['what is not JSON', '{', 'FILE: is not JSON'],
  ]
  for (const [what, content, begin] of contents)
    it(`name what is wrong with ${what}`, async () => {
      const message = await complaint({}, content)
      expect(message.startsWith(begin.replace('FILE', join(folder, 'cloudrepo.json')))).to.equal(true, message)
    })

  it('name every mistake at once', async () => {
    expect((await complaint({ CLOUDREPO_SAMPLE: 'x' }, { lissten: 1, data: 2 })).split('\n').length).to.equal(3)
  })

  it('need the file that was asked for, and no other', async () => {
    const missing = join(folder, 'missing.json')
    const error = await readSettings({}, missing).catch((thrown: Error) => thrown)
    expect((error as Error).message).to.equal(`${missing}: cannot be read (ENOENT)`)
  })

  it('say how mail goes out; a password in a malformed one is not repeated', async () => {
    const smtp = { CLOUDREPO_MAIL_URL: 'smtps://ada:secret@mail.example.com', CLOUDREPO_MAIL_FROM: 'repo@example.com' }
    const { mailUrl, mailFrom } = await readSettings(smtp, await file({}))
    expect(mailUrl).to.deep.equal({
      kind: 'smtp',
      host: 'mail.example.com',
      port: 465,
      tls: 'immediate',
      login: { user: 'ada', password: 'secret' },
    })
    expect(mailFrom).to.equal('repo@example.com')
    expect(await complaint({ CLOUDREPO_MAIL_URL: 'smtp://ada:secret@mail.example.com/x' })).to.equal(
      'CLOUDREPO_MAIL_URL: smtp://user:password@host:port, smtps://…, file:FOLDER or console: is expected',
    )
    expect(await complaint({ CLOUDREPO_MAIL_URL: 'smtps://mail.example.com' })).to.equal(
      'CLOUDREPO_MAIL_URL: CLOUDREPO_MAIL_FROM is missing beside it',
    )
    for (const from of ['nobody', 'Repo <repo@example.com>', 'a@b.example,c@d.example'])
      expect(await complaint({ CLOUDREPO_MAIL_FROM: from })).to.equal(
        'CLOUDREPO_MAIL_FROM: an address such as cloudrepo@example.com is expected',
      )
  })
})
