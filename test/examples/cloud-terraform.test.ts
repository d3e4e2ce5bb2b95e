import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect } from 'chai'
import { settingsShape } from '../../host/config/settings.js'
import { obtain } from '../clients/client-cache.js'
import { pythonTools } from '../clients/python-tools.js'
import { succeed } from '../clients/run.js'

const folder = fileURLToPath(new URL('../../../examples/cloud/terraform', import.meta.url))
const parser = 'python-hcl2==8.1.4'
/** Every file as the parser reads it, strings without their quotes. */
const program = `
import sys, json, glob, os, hcl2
def plain(v):
    if isinstance(v, dict): return {plain(k): plain(x) for k, x in v.items() if k not in ('__is_block__', '__comments__')}
    if isinstance(v, list): return [plain(x) for x in v]
    if isinstance(v, str) and len(v) > 1 and v[0] == v[-1] == '"': return v[1:-1]
    return v
print(json.dumps({os.path.basename(p): plain(hcl2.load(open(p))) for p in sorted(glob.glob(sys.argv[1] + '/*.tf'))}))
`

type Block = Readonly<Record<string, unknown>>
interface File {
  readonly resource?: readonly Readonly<Record<string, Readonly<Record<string, Block>>>>[]
  readonly data?: File['resource']
  readonly variable?: readonly Readonly<Record<string, Block>>[]
  readonly locals?: readonly Block[]
  readonly output?: readonly Readonly<Record<string, Block>>[]
}

describe('The Terraform of examples/cloud', function () {
  this.timeout(120_000)
  let files: Readonly<Record<string, File>>
  let texts: string
  before(async function () {
    const bin = await obtain(this, parser, () => pythonTools('hcl2', [parser]))
    const { stdout } = await succeed(join(bin, 'python'), ['-c', program, folder], { cwd: folder })
    files = JSON.parse(stdout) as typeof files
    texts = (await Promise.all(Object.keys(files).map((name) => readFile(join(folder, name), 'utf8')))).join('\n')
  })

  const all = <Kind extends keyof File>(kind: Kind): readonly NonNullable<File[Kind]>[number][] =>
    Object.values(files).flatMap((file) => (file[kind] ?? []) as readonly NonNullable<File[Kind]>[number][])
  const named = (kind: 'resource' | 'data') =>
    all(kind).flatMap((one) =>
      Object.entries(one).flatMap(([type, names]) => Object.keys(names).map((name) => `${type}.${name}`)),
    )
  const resource = (type: string, name: string): Block => {
    const found = all('resource').find((one) => one[type]?.[name] !== undefined)?.[type]?.[name]
    if (found === undefined) throw new Error(`There is no ${type}.${name}`)
    return found
  }
  const first = (block: Block, name: string): Block => (block[name] as readonly Block[])[0] ?? {}

  it('is read by a parser, file by file', async () => {
    expect(Object.keys(files)).to.deep.equal((await readdir(folder)).filter((name) => name.endsWith('.tf')).sort())
    expect(named('resource')).to.include.members([
      'aws_s3_bucket.blobs',
      'aws_dynamodb_table.rows',
      'aws_dynamodb_table.keys',
      'aws_kms_key.data',
      'aws_iam_role.node',
      'aws_autoscaling_group.nodes',
      'aws_lb.front',
    ])
  })

  it('refers to nothing that is not there, and declares nothing that nobody uses', () => {
    const code = texts.replace(/^\s*#.*$/gm, '')
    const references = [...code.matchAll(/(?<![\w."/-])(data\.)?(aws_\w+\.\w+)(?=[.\s,\])}])/g)].map(
      ([, data = '', name]) => data + name,
    )
    const known = new Set([...named('resource'), ...named('data').map((name) => `data.${name}`)])
    expect(references.length).to.be.greaterThan(30)
    expect([...new Set(references)].filter((one) => !known.has(one))).to.deep.equal([])
    const variables = all('variable').flatMap((one) => Object.keys(one))
    const used = new Set([...code.matchAll(/\bvar\.(\w+)/g)].map(([, name]) => name))
    expect([...used].sort()).to.deep.equal([...variables].sort())
  })

  it('makes the bucket and the tables as the doctor wants them', () => {
    expect(first(resource('aws_s3_bucket_versioning', 'blobs'), 'versioning_configuration')).to.deep.equal({ status: 'Enabled' })
    const [old] = resource('aws_s3_bucket_lifecycle_configuration', 'blobs')['rule'] as readonly Block[]
    expect([
      first(old ?? {}, 'noncurrent_version_expiration'),
      first(old ?? {}, 'abort_incomplete_multipart_upload'),
    ]).to.deep.equal([{ noncurrent_days: 28 }, { days_after_initiation: 7 }])
    const { bucket: _, ...locks } = resource('aws_s3_bucket_public_access_block', 'blobs')
    expect(locks).to.deep.equal({
      block_public_acls: true,
      block_public_policy: true,
      ignore_public_acls: true,
      restrict_public_buckets: true,
    })
    for (const [name, days] of [
      ['rows', 28],
      ['keys', 7],
    ] as const) {
      const table = resource('aws_dynamodb_table', name)
      expect([table['hash_key'], table['range_key'], table['attribute']]).to.deep.equal([
        'p',
        's',
        [
          { name: 'p', type: 'B' },
          { name: 's', type: 'B' },
        ],
      ])
      expect([table['billing_mode'], table['deletion_protection_enabled'], first(table, 'point_in_time_recovery')]).to.deep.equal(
        ['PAY_PER_REQUEST', true, { enabled: true, recovery_period_in_days: days }],
      )
    }
  })

  it('fills in every blank of its policies and of the script of a node, whose settings the house takes', async () => {
    const blanks = async (name: string) =>
      [
        ...new Set([...(await readFile(join(folder, name), 'utf8')).matchAll(/\$\{(\w+)\}/g)].map(([, blank = '']) => blank)),
      ].sort()
    const places = Object.keys(all('locals')[0]?.['places'] as object).sort()
    for (const name of ['node', 'doctor']) expect(places, name).to.include.members(await blanks(`policies/${name}.json`))
    expect(await blanks('policies/bucket.json')).to.deep.equal(['bucket'])
    const call = /templatefile\("\$\{path\.module\}\/node-start\.sh", \{(.*?)\}\)/s.exec(texts)?.[1] ?? ''
    const given = [...call.matchAll(/^\s*(\w+)\s*=/gm)].map(([, name = '']) => name).sort()
    expect(given).to.deep.equal(await blanks('node-start.sh'))

    const script = await readFile(join(folder, 'node-start.sh'), 'utf8')
    const values: Record<string, string> = {
      public_url: 'https://repo.example.com/',
      vpc_cidr: '10.0.0.0/16',
      region: 'eu-central-1',
    }
    const text = /<<'SETTINGS'\n(.*?)\nSETTINGS/s.exec(script)?.[1] ?? ''
    const settings = settingsShape.parse(
      JSON.parse(text.replace(/\$\{(\w+)\}/g, (_all, name: string) => values[name] ?? 'cloudrepo')),
    )
    expect([settings.blobs, settings.metadata, settings.s3Bucket, settings.dynamodbTable, settings.listen.port]).to.deep.equal([
      's3',
      'dynamodb',
      'cloudrepo',
      'cloudrepo',
      8080,
    ])
  })
})
