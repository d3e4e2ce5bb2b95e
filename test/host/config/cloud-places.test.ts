import { expect } from 'chai'
import { dynamodbPlaceOf } from '../../../host/config/cloud-settings.js'

describe('The tables that settings name', () => {
  it('are that of the rows and, beside it, that of the keys, which goes back seven days where a start makes it', () => {
    const settings = { dynamodbTable: 'acme', dynamodbRegion: 'eu-central-1' } as Parameters<typeof dynamodbPlaceOf>[0]
    expect(dynamodbPlaceOf(settings)).to.deep.equal({ dynamodb: { table: 'acme', region: 'eu-central-1' } })
    expect(dynamodbPlaceOf(settings, '-keys')).to.deep.equal({
      dynamodb: { table: 'acme-keys', recoveryDays: 7, region: 'eu-central-1' },
    })
  })
})
