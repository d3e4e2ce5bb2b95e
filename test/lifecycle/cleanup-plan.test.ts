import { expect } from 'chai'
import { planOf } from '../../core/lifecycle/cleanup-plan.js'
import { type CleanupRules, isIdle, matchesPackage } from '../../core/lifecycle/cleanup-rules.js'
import type { PackageVersion } from '../../core/plugin/package-keeping.js'

const day = 86_400_000
const on = (days: number) => new Date(days * day)
const uncounted = { countedSince: undefined, lastDownload: () => undefined }
const versions: readonly PackageVersion[] = [1, 2, 3, 4].map((n) => ({ version: `${n}`, publishedAt: on(n * 10) }))
const going = (rules: CleanupRules, list = versions, use: Parameters<typeof planOf>[3] = uncounted, activeFrom = 0) =>
  planOf('lib', list, rules, use, activeFrom).map(({ version, build, goesAt, reason }) =>
    [version, build, goesAt.getTime() / day, reason].filter((part) => part !== undefined),
  )

describe('what retention takes', () => {
  it('goes when all conditions that are given hold, and the newest version never', () => {
    expect(going({ olderThanDays: 30 })).to.deep.equal([
      ['3', 60, 'older than 30 days'],
      ['2', 50, 'older than 30 days'],
      ['1', 40, 'older than 30 days'],
    ])
    expect(going({ keepVersions: 2 })).to.deep.equal([
      ['2', 40, '2 newer versions'],
      ['1', 30, '2 newer versions'],
    ])
    expect(going({ olderThanDays: 25, keepVersions: 2 })).to.deep.equal([
      ['2', 45, '2 newer versions, older than 25 days'],
      ['1', 35, '2 newer versions, older than 25 days'],
    ])
  })

  it('waits for the delay, and for the day on which new rules begin to act', () => {
    expect(going({ keepVersions: 3, delayDays: 7 })).to.deep.equal([['1', 47, '3 newer versions']])
    expect(going({ keepVersions: 3, delayDays: 7 }, versions, uncounted, 100 * day)).to.deep.equal([
      ['1', 100, '3 newer versions'],
    ])
  })

  it('is never what the format holds, nor a release unless it is said', () => {
    const held = versions.map((one) => (one.version === '1' ? { ...one, held: 'the dist-tag next' } : one))
    expect(going({ keepVersions: 2 }, held)).to.deep.equal([['2', 40, '2 newer versions']])
    const releases = versions.map((one) => ({ ...one, snapshot: false }))
    expect(going({ keepVersions: 2 }, releases)).to.deep.equal([])
    expect(going({ keepVersions: 3, releases: true }, releases)).to.deep.equal([['1', 40, '3 newer versions']])
  })

  it('counts downloads from the later of publication and the day that counting began, and takes nothing before', () => {
    const rules = { notDownloadedForDays: 30 }
    expect(going(rules)).to.deep.equal([])
    const use = { countedSince: 25 * day, lastDownload: (version: string) => (version === '1' ? 50 * day : undefined) }
    expect(going(rules, versions, use)).to.deep.equal([
      ['3', 60, 'not downloaded for 30 days'],
      ['2', 55, 'not downloaded for 30 days'],
      ['1', 80, 'not downloaded for 30 days'],
    ])
  })

  it('is the builds of a snapshot beyond the newest, of the newest version too', () => {
    const builds = [1, 2, 3].map((n) => ({ id: `b${n}`, publishedAt: on(n) }))
    const snapshot = [{ version: '1-SNAPSHOT', publishedAt: on(3), snapshot: true, builds }]
    expect(going({ keepBuilds: 2 }, snapshot)).to.deep.equal([
      ['1-SNAPSHOT', 'b1', 3, 'more than 2 newer builds'.replace('more than ', '')],
    ])
  })

  it('is of packages that a pattern names, and rules that would take nothing are known', () => {
    const matching = (include: string, name: string) => matchesPackage({ include: [include] }, name)
    expect(['com/*/lib', 'com/**', '**/lib', 'com/acme/lib', '*'].map((one) => matching(one, 'com/acme/lib'))).to.deep.equal([
      true,
      true,
      true,
      true,
      false,
    ])
    expect(matchesPackage({ exclude: ['com/acme/**'] }, 'com/acme/lib')).to.equal(false)
    expect(matchesPackage({}, 'any')).to.equal(true)
    expect(matching('**a'.repeat(60), 'a'.repeat(600))).to.equal(true)
    expect([isIdle({}), isIdle({ releases: true, delayDays: 3 }), isIdle({ keepBuilds: 1 })]).to.deep.equal([true, true, false])
  })
})
