import { expect } from 'chai'
import { checkLimits, defaultLimits } from '../../../core/runtime/limits.js'

describe('limits', () => {
  it('do not let bytes go before backups have forgotten them', () => {
    checkLimits(defaultLimits)
    checkLimits({ ...defaultLimits, blobDeleteDelayDays: 0, backupRetentionDays: 0 })
    expect(() => checkLimits({ ...defaultLimits, blobDeleteDelayDays: 27 })).to.throw(
      'limits.blobDeleteDelayDays (27) is less than limits.backupRetentionDays (28)',
    )
  })
})
