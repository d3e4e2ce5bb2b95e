import { blobCompositionContract, blobStoreContract } from '../../../contract/index.js'
import { CloudBuckets } from '../../../support/cloud-buckets.js'

describe('S3, a real server', () => {
  let buckets: CloudBuckets
  before(async function () {
    buckets = await CloudBuckets.start(this)
  })
  blobStoreContract('S3BlobStore', () => buckets.open())
  blobCompositionContract('S3BlobStore', () => buckets.open({ prefix: 'houses/one/' }))
})
