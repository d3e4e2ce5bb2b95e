import { expect } from 'chai'
import { baseScore } from '../../../core/advisories/cvss.js'
import { readOsvRecord } from '../../../core/advisories/osv-record.js'
import { RegistryError } from '../../../core/errors/registry-error.js'

const record = (more: object = {}) => ({
  schema_version: '1.6.0',
  id: 'GHSA-aaaa-bbbb-cccc',
  modified: '2026-02-01T00:00:00Z',
  published: '2026-01-01T00:00:00Z',
  aliases: ['CVE-2026-1'],
  summary: 'Prototype pollution in foo',
  details: 'Long\ntext',
  severity: [{ type: 'CVSS_V3', score: 'CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H' }],
  affected: [
    {
      package: { ecosystem: 'npm', name: 'foo', purl: 'pkg:npm/foo' },
      ranges: [
        {
          type: 'SEMVER',
          events: [{ introduced: '0' }, { fixed: '1.2.3' }, { introduced: '2.0.0' }, { last_affected: '2.1.0' }],
        },
      ],
      versions: ['1.0.0'],
    },
  ],
  references: [{ type: 'WEB', url: 'https://example.com/x' }],
  database_specific: { severity: 'HIGH', cwe_ids: ['CWE-1321'], github_reviewed: true },
  ...more,
})
const one = (more: object = {}) => readOsvRecord(record(more))[0]?.advisory
const affected = (more: object) => [{ package: { ecosystem: 'npm', name: 'foo' }, ...more }]

describe('a record of an advisory feed', () => {
  it('is an advisory of each of its packages', () => {
    expect(readOsvRecord(record())).to.deep.equal([
      {
        ecosystem: 'npm',
        name: 'foo',
        advisory: {
          id: 'GHSA-aaaa-bbbb-cccc',
          aliases: ['CVE-2026-1'],
          summary: 'Prototype pollution in foo',
          url: 'https://github.com/advisories/GHSA-aaaa-bbbb-cccc',
          severity: 'high',
          cvss: { score: 9.8, vector: 'CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H' },
          cwes: ['CWE-1321'],
          published: '2026-01-01T00:00:00Z',
          modified: '2026-02-01T00:00:00Z',
          ranges: [
            { introduced: '0', fixed: '1.2.3' },
            { introduced: '2.0.0', lastAffected: '2.1.0' },
          ],
          versions: [],
        },
      },
    ])
    const two = [...affected({ versions: ['1.0.0'] }), { package: { ecosystem: 'PyPI', name: 'bar' }, versions: ['2.0'] }]
    expect(readOsvRecord(record({ affected: two })).map(({ ecosystem, name }) => `${ecosystem} ${name}`)).to.deep.equal([
      'npm foo',
      'PyPI bar',
    ])
  })

  it('of one package in several places is one advisory; versions count where no range is told', () => {
    const range = (introduced: string, fixed: string) => ({ ranges: [{ type: 'SEMVER', events: [{ introduced }, { fixed }] }] })
    expect(one({ affected: [...affected(range('0', '1.0.0')), ...affected(range('2.0.0', '2.0.1'))] })?.ranges).to.deep.equal([
      { introduced: '0', fixed: '1.0.0' },
      { introduced: '2.0.0', fixed: '2.0.1' },
    ])
    expect(one({ affected: affected({ versions: ['1.0.0', '1.0.1'] }) })).to.deep.include({
      ranges: [],
      versions: ['1.0.0', '1.0.1'],
    })
    const git = { ranges: [{ type: 'GIT', repo: 'x', events: [{ introduced: 'abc' }] }], versions: ['1.0.0'] }
    expect(one({ affected: affected(git) })).to.deep.include({ ranges: [], versions: ['1.0.0'] })
    const all = { ranges: [{ type: 'SEMVER', events: [{ introduced: '0' }] }] }
    expect(one({ affected: affected(all) })?.ranges).to.deep.equal([{ introduced: '0' }])
  })

  it('is passed over where it was withdrawn, or is about nothing that is served here', () => {
    expect(readOsvRecord(record({ withdrawn: '2026-02-02T00:00:00Z' }))).to.deep.equal([])
    expect(readOsvRecord(record({ affected: [] }))).to.deep.equal([])
    expect(readOsvRecord(record({ affected: affected({}) }))).to.deep.equal([])
    for (const pkg of [
      { ecosystem: 'Debian:12', name: 'foo' },
      { ecosystem: 'npm', name: 'a\0b' },
      { ecosystem: 'npm', name: '' },
    ])
      expect(readOsvRecord(record({ affected: [{ package: pkg, versions: ['1'] }] })), JSON.stringify(pkg)).to.deep.equal([])
  })

  it('has a severity by its own word, by its score, or in the middle; malware is as bad as can be', () => {
    const low = [{ type: 'CVSS_V3', score: 'CVSS:3.1/AV:L/AC:H/PR:H/UI:R/S:U/C:L/I:N/A:N' }]
    expect(one({ database_specific: { severity: 'MODERATE' } })?.severity).to.equal('moderate')
    expect(one({ database_specific: undefined })?.severity).to.equal('critical')
    expect(one({ database_specific: undefined, severity: low })).to.deep.include({ severity: 'low' })
    const none = one({ database_specific: null, severity: [{ type: 'CVSS_V4', score: 'CVSS:4.0/AV:N' }] })
    expect([none?.severity, none?.cvss]).to.deep.equal(['moderate', undefined])
    expect(one({ id: 'MAL-2026-1', database_specific: {}, severity: [] })).to.deep.include({
      severity: 'critical',
      url: 'https://example.com/x',
    })
  })

  it('that is none is refused with the field that is wrong', () => {
    const refused = (value: unknown) => {
      try {
        readOsvRecord(value)
      } catch (failure) {
        if (failure instanceof RegistryError) return [failure.kind, failure.message]
      }
      return undefined
    }
    expect(refused({})).to.deep.equal(['invalid', 'no OSV record: id: Invalid input: expected string, received undefined'])
    expect(refused(record({ affected: 'x' }))?.[1]).to.contain('no OSV record: affected:')
    expect(refused('x')?.[0]).to.equal('invalid')
    expect(refused(record({ id: 'a b' }))?.[0]).to.equal('invalid')
  })

  it('is scored as the specification of CVSS 3 has it', () => {
    // Examples of the specification's own calculator.
    for (const [vector, score] of [
      ['CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:C/C:H/I:H/A:H', 10],
      ['CVSS:3.1/AV:N/AC:L/PR:N/UI:R/S:C/C:L/I:L/A:N', 6.1],
      ['CVSS:3.0/AV:N/AC:H/PR:N/UI:N/S:U/C:H/I:H/A:H', 8.1],
      ['CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:H', 7.5],
      ['CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:N', 0],
      ['CVSS:3.1/AV:N', undefined],
      ['CVSS:2.0/AV:N', undefined],
      ['', undefined],
    ] as const)
      expect(baseScore(vector), vector).to.equal(score)
  })
})
