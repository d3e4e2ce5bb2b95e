import { readdirSync, readFileSync } from 'node:fs'
import { expect } from 'chai'

const root = new URL('../../../', import.meta.url)
const drivers = new URL('core/storage/drivers/', root)

interface Statement {
  readonly Sid: string
  readonly Effect: string
  readonly Action: string | readonly string[]
  readonly Resource: string | readonly string[]
  readonly Condition?: unknown
}

/** What each call of the SDK asks of the policy (service authorization reference of S3 and DynamoDB). */
const actionsOf: Readonly<Record<string, readonly string[]>> = {
  AbortMultipartUpload: ['s3:AbortMultipartUpload'],
  CompleteMultipartUpload: ['s3:PutObject'],
  CreateMultipartUpload: ['s3:PutObject'],
  DeleteObject: ['s3:DeleteObject'],
  GetBucketEncryption: ['s3:GetEncryptionConfiguration'],
  GetBucketLifecycleConfiguration: ['s3:GetLifecycleConfiguration'],
  GetBucketPolicy: ['s3:GetBucketPolicy'],
  GetBucketVersioning: ['s3:GetBucketVersioning'],
  GetObject: ['s3:GetObject'],
  GetPublicAccessBlock: ['s3:GetBucketPublicAccessBlock'],
  HeadObject: ['s3:GetObject'],
  ListMultipartUploads: ['s3:ListBucketMultipartUploads'],
  ListObjectsV2: ['s3:ListBucket'],
  ListParts: ['s3:ListMultipartUploadParts'],
  PutObject: ['s3:PutObject'],
  UploadPart: ['s3:PutObject'],
  UploadPartCopy: ['s3:GetObject', 's3:PutObject'],
  CreateTable: ['dynamodb:CreateTable'],
  DescribeContinuousBackups: ['dynamodb:DescribeContinuousBackups'],
  DescribeTable: ['dynamodb:DescribeTable'],
  GetItem: ['dynamodb:GetItem'],
  PutItem: ['dynamodb:PutItem'],
  Query: ['dynamodb:Query'],
  Scan: ['dynamodb:Scan'],
  TransactWriteItems: ['dynamodb:ConditionCheckItem', 'dynamodb:DeleteItem', 'dynamodb:PutItem'],
  UpdateContinuousBackups: ['dynamodb:UpdateContinuousBackups'],
}

function commandsOf(files: readonly string[]): readonly string[] {
  const texts = files.map((name) => readFileSync(new URL(name, drivers), 'utf8')).join('\n')
  return [...new Set([...texts.matchAll(/new (\w+)Command\(/g)].map(([, name = '']) => name))].sort()
}
function actions(commands: readonly string[]): readonly string[] {
  const found = commands.flatMap((name) => {
    const known = actionsOf[name]
    if (known === undefined) throw new Error(`What does ${name} ask of a policy? Say it in this test, and in the policy`)
    return known
  })
  return [...new Set(found)].sort()
}
function policy(name: string): readonly Statement[] {
  const text = readFileSync(new URL(`examples/cloud/terraform/policies/${name}.json`, root), 'utf8')
  return (JSON.parse(text) as { Statement: Statement[] }).Statement
}
const list = (one: string | readonly string[]) => (typeof one === 'string' ? [one] : [...one])
const granted = (statements: readonly Statement[], service: string) =>
  [...new Set(statements.flatMap(({ Action }) => list(Action)).filter((action) => action.startsWith(`${service}:`)))].sort()

describe('The policies of examples/cloud', () => {
  const files = readdirSync(drivers).filter((name) => /^(s3|dynamodb)-/.test(name))
  const inspections = files.filter((name) => name.endsWith('-inspection.ts'))
  const serving = actions(commandsOf(files.filter((name) => !inspections.includes(name))))
  /** By Terraform, or by the first start where it may. */
  const making = ['dynamodb:CreateTable', 'dynamodb:UpdateContinuousBackups']

  it('let a node do what the drivers call, and nothing else', () => {
    expect(serving.length).to.be.greaterThan(10)
    const node = policy('node')
    expect([...granted(node, 'dynamodb'), ...granted(node, 's3')]).to.deep.equal(serving.filter((one) => !making.includes(one)))
    expect(granted(policy('first-start'), 'dynamodb')).to.deep.equal(making)
  })

  it('let it look at what the doctor looks at besides', () => {
    const looking = actions(commandsOf(inspections)).filter((one) => !serving.includes(one))
    const doctor = policy('doctor')
    expect([...granted(doctor, 'dynamodb'), ...granted(doctor, 's3')]).to.deep.equal(looking)
  })

  it('grant no wildcard, on nothing but the places of this house', () => {
    for (const name of ['node', 'doctor', 'first-start'])
      for (const { Sid, Effect, Action, Resource, Condition } of policy(name)) {
        expect(Effect, Sid).to.equal('Allow')
        for (const place of list(Resource)) expect(place, Sid).to.match(/^\$\{(bucket|table|keys|kms|secret|release)\}(\/\*)?$/)
        for (const action of list(Action)) expect(action, Sid).to.not.match(Condition === undefined ? /\*/ : /:\*/)
      }
  })

  it('have the bucket refuse what comes in clear, and what would replace an object', () => {
    expect(policy('bucket').map(({ Sid, Effect, Action, Condition }) => ({ Sid, Effect, Action, Condition }))).to.deep.equal([
      { Sid: 'TlsOnly', Effect: 'Deny', Action: 's3:*', Condition: { Bool: { 'aws:SecureTransport': 'false' } } },
      {
        Sid: 'NothingIsReplaced',
        Effect: 'Deny',
        Action: 's3:PutObject',
        Condition: { Null: { 's3:if-none-match': 'true' }, Bool: { 's3:ObjectCreationOperation': 'true' } },
      },
    ])
  })
})
