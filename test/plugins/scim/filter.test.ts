import { expect } from 'chai'
import fc from 'fast-check'
import { RegistryError } from '#core'
import type { ResourceType } from '../../../plugins/scim/attribute.js'
import { parseFilter } from '../../../plugins/scim/filter.js'
import { matches } from '../../../plugins/scim/filter-match.js'
import { groupType } from '../../../plugins/scim/group-schema.js'
import { copyOf, type ScimObject } from '../../../plugins/scim/resource.js'
import { userType } from '../../../plugins/scim/user-schema.js'
import { processorTime } from '../../support/processor-time.js'

const enterprise = 'urn:ietf:params:scim:schemas:extension:enterprise:2.0:User'
const user = copyOf({
  schemas: ['urn:ietf:params:scim:schemas:core:2.0:User', enterprise],
  id: 'c0ffee00-0000-4000-8000-000000000001',
  externalId: 'jyoung',
  userName: 'BJensen',
  active: true,
  nickName: '',
  name: { familyName: 'Jensen', givenName: 'Barbara' },
  emails: [
    { type: 'work', value: 'a@x.com' },
    { type: 'home', value: 'b@x.com' },
  ],
  roles: [{ value: 'A (b) ] "c"' }],
  meta: { resourceType: 'User', created: '2011-05-13T04:42:34Z', lastModified: '2011-05-13T04:42:34Z' },
  [enterprise]: { employeeNumber: '17', manager: { value: '26' } },
}) as ScimObject

const matching = (filter: string) => matches(parseFilter(filter, userType), user)

/** What a filter is refused with; undefined where it is taken. */
function refusalOf(filter: string, type: ResourceType = userType): string | undefined {
  try {
    parseFilter(filter, type)
    return undefined
  } catch (thrown) {
    if (thrown instanceof RegistryError && thrown.detail['scimType'] === 'invalidFilter') return thrown.message
    throw thrown
  }
}

describe('filters of SCIM', () => {
  const vectors: readonly (readonly [string, boolean])[] = [
    ['USERNAME EQ "bjensen"', true],
    ['userName eq "ｂｊｅｎｓｅｎ"', true],
    ['userName ne "bjensen"', false],
    ['title pr', false],
    ['nickName pr', false],
    ['not (title pr)', true],
    ['NOT(title pr)', true],
    ['title eq null', true],
    ['userName ne null', true],
    ['title ne "x"', true],
    ['emails ne "a@x.com"', true],
    ['phoneNumbers ne "1"', false],
    ['phoneNumbers pr', false],
    ['emails[type eq "work" and value co "b@"]', false],
    ['emails[type eq "work" and value co "A@"]', true],
    ['emails[not (type eq "work")]', true],
    ['emails.type eq "work" and emails.value co "b@"', true],
    ['emails co "B@X"', true],
    ['userName eq "x" or userName eq "bjensen" and active eq false', false],
    ['(userName eq "x" or userName eq "bjensen") and active eq true', true],
    ['active eq "True"', true],
    ['active eq True', true],
    ['active ne false', true],
    ['meta.lastModified eq "2011-05-13T06:42:34+02:00"', true],
    ['meta.lastModified gt "2011-05-13T04:42:33.999Z"', true],
    ['meta.lastModified lt "2011-05-13T04:42:34Z"', false],
    ['meta.lastModified le "2011-05-13T04:42:34Z"', true],
    ['emails[type eq "work"].value eq "A@X.COM"', true],
    ['emails[type eq "work"].value eq "b@x.com"', false],
    ['urn:ietf:params:scim:schemas:core:2.0:User:userName sw "bj"', true],
    ['URN:IETF:params:scim:schemas:extension:enterprise:2.0:user:employeenumber eq "17"', true],
    [`${enterprise}:manager eq "26"`, true],
    [`${enterprise}:manager.value eq "27"`, false],
    [`${enterprise}:manager pr`, true],
    ['name pr', true],
    ['name.familyName ew "SEN"', true],
    ['externalId eq jyoung', true],
    ['externalId eq "JYOUNG"', false],
    ['externalId sw J', false],
    ['userName sw B', true],
    ['externalId eq"jyoung"', true],
    ['userName eq "bjens\\u0065n"', true],
    ['roles eq "a (B) ] \\"c\\""', true],
    ['meta.resourceType eq User', true],
    [`schemas eq "${enterprise}"`, true],
    ['schemas eq "urn:x"', false],
    ['userName gt "ab" and userName lt "bk"', true],
    ['id eq "c0ffee00-0000-4000-8000-000000000001"', true],
    ['id eq "C0FFEE00-0000-4000-8000-000000000001"', false],
  ]
  for (const [filter, expected] of vectors) {
    it(`${filter} is ${expected}`, () => {
      expect(matching(filter)).to.equal(expected)
    })
  }

  const refused: readonly (readonly [string, string])[] = [
    ['', 'An attribute is missing before its end in the filter'],
    ['nope ne "x"', "There is no attribute 'nope' to filter by"],
    ['userName eq', "A value is missing behind 'eq' in the filter"],
    ['(userName pr', "A ')' is missing in the filter"],
    ['userName pr)', "Unexpected ')' in the filter"],
    ['not userName pr', "'not' stands before a parenthesis"],
    ['active gt true', "'gt' cannot compare 'active', which is boolean"],
    ['active co "x"', "'x' is no boolean, which 'active' is"],
    ['active eq 1', "'1' is no boolean, which 'active' is"],
    ['meta.created gt 5', "'5' is no dateTime, which 'created' is"],
    ['meta.created co "2011-05-13T04:42:34Z"', "'co' compares text, and 'meta.created' is dateTime"],
    ['x509Certificates gt "x"', "'gt' cannot compare 'x509Certificates.value', which is binary"],
    ['userName regex "x"', "The operator 'regex' is not supported."],
    ['name eq "x"', "'name' is not compared as a whole; name a part of it"],
    ['addresses eq "x"', "'addresses' is not compared as a whole; name a part of it"],
    ['password eq "x"', "There is no attribute 'password' to filter by"],
    ["userName eq 'x'", "Unexpected ''' in the filter; strings stand in double quotes"],
    ['userName eq "x', 'A string in the filter has no end'],
    ['userName eq "\\x"', 'A string in the filter is no JSON string'],
    ['userName gt null', "'gt' cannot compare with null"],
    ['userName eq "x" and', 'An attribute is missing before its end in the filter'],
    ['userName["x"]', "'userName' has no elements to choose from by brackets"],
    ['emails[emails[type eq "x"]]', "There is no attribute 'emails' to filter by"],
    ['__proto__ pr', "There is no attribute '__proto__' to filter by"],
    ['constructor.prototype pr', "There is no attribute 'constructor.prototype' to filter by"],
    ['userName\teq "x"', "Unexpected '?' in the filter; strings stand in double quotes"],
  ]
  for (const [filter, message] of refused) {
    it(`${JSON.stringify(filter)} is refused: ${message}`, () => {
      expect(refusalOf(filter)).to.equal(message)
    })
  }

  it('holds text, depth and number of terms to their limits, and never takes long', () => {
    const spent = processorTime()
    const hostile = [
      '('.repeat(4000),
      `${'('.repeat(2000)}title pr${')'.repeat(2000)}`,
      'not ('.repeat(800),
      Array.from({ length: 300 }, () => 'title pr').join(' and '),
      `userName eq "${'\\\n'.repeat(2000)}`,
      `userName eq "${'a'.repeat(5000)}"`,
      `${'a.'.repeat(2000)} pr`,
      '['.repeat(4000),
    ]
    expect(hostile.map((filter) => refusalOf(filter) !== undefined)).to.deep.equal(hostile.map(() => true))
    expect(spent()).to.be.below(150)
    const nested = (depth: number) => `${'('.repeat(depth)}title pr${')'.repeat(depth)}`
    expect([refusalOf(nested(32)), refusalOf(nested(33))]).to.deep.equal([undefined, 'A filter is nested 32 deep at most'])
    const many = (count: number) => Array.from({ length: count }, () => 'title pr').join(' or ')
    expect([refusalOf(many(100)), refusalOf(many(101))]).to.deep.equal([undefined, 'A filter has at most 100 terms'])
  })

  it('takes what a type lacks for unassigned, where several are searched', () => {
    const lenient = (filter: string) =>
      matches(parseFilter(filter, groupType, { lenient: true }), copyOf({ displayName: 'Makers' }) as ScimObject)
    expect(lenient('userName pr')).to.equal(false)
    expect(lenient('userName eq "x"')).to.equal(false)
    expect(lenient('userName eq null')).to.equal(true)
    expect(lenient('userName ne "x" and displayName eq "makers"')).to.equal(true)
    expect(lenient('not (userName pr)')).to.equal(true)
  })

  it('answers any text within ten milliseconds, by a filter or by a refusal, and leaves prototypes alone', () => {
    const piece = fc.constantFrom(
      'userName',
      'emails',
      '[',
      ']',
      '(',
      ')',
      'not',
      'and',
      'or',
      'eq',
      'pr',
      '"a"',
      '"',
      '\\',
      'null',
      '.value',
      '__proto__',
      ' ',
    )
    const text = fc.oneof(
      fc.string({ maxLength: 400 }),
      fc.array(piece, { maxLength: 200 }).map((pieces) => pieces.join(' ')),
    )
    parseFilter('userName pr', userType)
    fc.assert(
      fc.property(text, (filter) => {
        const spent = () => {
          const started = performance.now()
          if (refusalOf(filter) === undefined) matching(filter)
          return performance.now() - started
        }
        // Again where something else had the processor meanwhile.
        expect(Math.min(spent(), spent(), spent())).to.be.below(10)
      }),
      { numRuns: 2000 },
    )
    expect(Object.keys(Object.prototype)).to.deep.equal([])
  })
})
