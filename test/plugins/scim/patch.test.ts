import { expect } from 'chai'
import fc from 'fast-check'
import { RegistryError } from '#core'
import type { ResourceType } from '../../../plugins/scim/attribute.js'
import { groupType } from '../../../plugins/scim/group-schema.js'
import { applyPatch } from '../../../plugins/scim/patch-apply.js'
import { readPatch } from '../../../plugins/scim/patch-operations.js'
import { copyOf, type ScimObject } from '../../../plugins/scim/resource.js'
import { userType } from '../../../plugins/scim/user-schema.js'
import { processorTime } from '../../support/processor-time.js'

const enterprise = 'urn:ietf:params:scim:schemas:extension:enterprise:2.0:User'
const patchOp = 'urn:ietf:params:scim:api:messages:2.0:PatchOp'
const ada = {
  userName: 'ada',
  displayName: 'Ada',
  active: true,
  name: { formatted: 'Ada L', familyName: 'L', givenName: 'Ada' },
  emails: [
    { type: 'work', value: 'a@x.com', primary: true },
    { type: 'home', value: 'h@x.com' },
  ],
}
const makers = { displayName: 'Makers', members: [{ value: 'm1' }, { value: 'm2' }, { value: 'm3' }] }

type Operation = Readonly<Record<string, unknown>>
function patched(stored: object, operations: readonly Operation[], type: ResourceType = userType): unknown {
  const resource = copyOf(stored as never) as ScimObject
  const before = JSON.stringify(resource)
  const after = applyPatch(resource, readPatch({ schemas: [patchOp], Operations: operations }, type), type)
  expect(JSON.stringify(resource), 'the stored resource').to.equal(before)
  return JSON.parse(JSON.stringify(after))
}
const onUser = (...operations: readonly Operation[]) => patched(ada, operations)
const onGroup = (...operations: readonly Operation[]) => patched(makers, operations, groupType)
function refusal(work: () => unknown): readonly [string, string] | undefined {
  try {
    work()
    return undefined
  } catch (thrown) {
    if (thrown instanceof RegistryError) return [String(thrown.detail['scimType']), thrown.message]
    throw thrown
  }
}

describe('PATCH of SCIM, as a function', () => {
  it('does what is sent by the identity providers that are known', () => {
    expect(onUser({ op: 'Replace', path: 'active', value: 'False' })).to.deep.equal({ ...ada, active: false })
    expect(onUser({ op: 'replace', value: { active: false } })).to.deep.equal({ ...ada, active: false })
    expect(onUser({ op: 'Replace', path: 'emails[type eq "work"].value', value: 'n@x.com' })).to.deep.equal({
      ...ada,
      emails: [{ ...ada.emails[0], value: 'n@x.com' }, ada.emails[1]],
    })
    expect(onUser({ op: 'Add', path: 'emails[type eq "other"].value', value: 'o@x.com' })).to.deep.equal({
      ...ada,
      emails: [...ada.emails, { type: 'other', value: 'o@x.com' }],
    })
    expect(onUser({ op: 'Replace', path: 'phoneNumbers[type eq "mobile"].value', value: '1' })).to.deep.equal({
      ...ada,
      phoneNumbers: [{ type: 'mobile', value: '1' }],
    })
    const value = { displayName: 'B', 'name.givenName': 'K', 'name.familyName': 'U', [`${enterprise}:employeeNumber`]: 'A1' }
    expect(onUser({ op: 'replace', value })).to.deep.equal({
      ...ada,
      displayName: 'B',
      name: { formatted: 'Ada L', givenName: 'K', familyName: 'U' },
      [enterprise]: { employeeNumber: 'A1' },
    })
    expect(onUser({ op: 'Add', path: `${enterprise}:manager`, value: '26' })).to.deep.equal({
      ...ada,
      [enterprise]: { manager: { value: '26' } },
    })
    expect(onUser({ op: 'Replace', path: 'name', value: { familyName: null, givenName: 'X' } })).to.deep.equal({
      ...ada,
      name: { formatted: 'Ada L', givenName: 'X' },
    })
    expect(onUser({ op: 'add', value: { 'emails[type eq "work"].value': 'z@x.com', nonsense: 1 } })).to.deep.equal({
      ...ada,
      emails: [{ ...ada.emails[0], value: 'z@x.com' }, ada.emails[1]],
    })
  })

  it('adds to groups and takes from them exactly whom it is told', () => {
    const members = (...names: readonly string[]) => ({ displayName: 'Makers', members: names.map((value) => ({ value })) })
    const all = ['m1', 'm2', 'm3']
    expect(onGroup({ op: 'Add', path: 'members', value: [{ $ref: null, value: 'm4' }, { value: 'm1' }] })).to.deep.equal(
      members(...all, 'm4'),
    )
    expect(onGroup({ op: 'add', path: 'members', value: 'm4' })).to.deep.equal(members(...all, 'm4'))
    expect(onGroup({ op: 'Remove', path: 'members', value: [{ $ref: null, value: 'm2' }] })).to.deep.equal(members('m1', 'm3'))
    expect(onGroup({ op: 'Remove', path: 'members', value: { value: 'm2', display: 'x' } })).to.deep.equal(members('m1', 'm3'))
    expect(onGroup({ op: 'remove', path: 'members', value: [] })).to.deep.equal(makers)
    expect(onGroup({ op: 'remove', path: 'members', value: [{ value: 'm9' }] })).to.deep.equal(makers)
    expect(onGroup({ op: 'remove', path: 'members[value eq "m3"]' })).to.deep.equal(members('m1', 'm2'))
    expect(onGroup({ op: 'remove', path: 'members[value eq "m9"]' })).to.deep.equal(makers)
    expect(onGroup({ op: 'replace', path: 'members', value: [{ value: 'm9', display: 'x' }] })).to.deep.equal(members('m9'))
    expect(onGroup({ op: 'Replace', path: 'members', value: null })).to.deep.equal({ displayName: 'Makers' })
    expect(onGroup({ op: 'remove', path: 'members' })).to.deep.equal({ displayName: 'Makers' })
    expect(onGroup({ op: 'replace', value: { id: 'abf4', displayName: 'New name' } })).to.deep.equal({
      ...makers,
      displayName: 'New name',
    })
    expect(
      onGroup(
        { op: 'remove', path: 'members[value eq "m1"]' },
        { op: 'remove', path: 'members[value eq "m2"]' },
        { op: 'add', path: 'members', value: [{ value: 'm5' }] },
        { op: 'add', path: 'members', value: [{ value: 'm1' }] },
      ),
    ).to.deep.equal(members('m3', 'm5', 'm1'))
  })

  it('merges, replaces and takes away by the table of the RFC', () => {
    expect(onUser({ op: 'add', path: 'title', value: 'Dr' }, { op: 'replace', path: 'title', value: null })).to.deep.equal(ada)
    expect(onUser({ op: 'add', path: 'emails', value: [ada.emails[0], ada.emails[0]] })).to.deep.equal(ada)
    expect(onUser({ op: 'replace', path: 'emails[type eq "home"]', value: { value: 'x@x.com' } })).to.deep.equal({
      ...ada,
      emails: [ada.emails[0], { type: 'home', value: 'x@x.com' }],
    })
    expect(onUser({ op: 'replace', path: 'emails[type eq "home"].primary', value: 'True' })).to.deep.equal({
      ...ada,
      emails: [
        { ...ada.emails[0], primary: false },
        { ...ada.emails[1], primary: true },
      ],
    })
    expect(onUser({ op: 'add', path: 'emails', value: { value: 'p@x.com', primary: true } })).to.deep.equal({
      ...ada,
      emails: [{ ...ada.emails[0], primary: false }, ada.emails[1], { value: 'p@x.com', primary: true }],
    })
    expect(onUser({ op: 'replace', path: 'emails[type eq "work"].value', value: null })).to.deep.equal({
      ...ada,
      emails: [ada.emails[1]],
    })
    expect(onUser({ op: 'remove', path: 'emails[type eq "work"]' })).to.deep.equal({ ...ada, emails: [ada.emails[1]] })
    expect(onUser({ op: 'remove', path: 'emails[type eq "none"]' })).to.deep.equal(ada)
    const { emails: _, ...without } = ada
    expect(onUser({ op: 'replace', path: 'emails', value: [] })).to.deep.equal(without)
    expect(onUser({ op: 'add', path: 'ims.value', value: 'x' })).to.deep.equal({ ...ada, ims: [{ value: 'x' }] })
    expect(onUser({ op: 'replace', path: 'EMAILS.VALUE', value: 'x' })).to.deep.equal({
      ...ada,
      emails: [
        { type: 'work', value: 'x', primary: true },
        { type: 'home', value: 'x' },
      ],
    })
    const extended = patched(ada, [{ op: 'add', path: enterprise, value: { department: 'D', manager: { value: '1' } } }])
    expect(extended).to.deep.equal({ ...ada, [enterprise]: { department: 'D', manager: { value: '1' } } })
    expect(patched(extended as object, [{ op: 'remove', path: `${enterprise}:manager` }])).to.deep.equal({
      ...ada,
      [enterprise]: { department: 'D' },
    })
    expect(patched(extended as object, [{ op: 'remove', path: enterprise }])).to.deep.equal(ada)
    expect(patched(extended as object, [{ op: 'replace', path: 'schemas', value: [userType.schema.id] }])).to.deep.equal(ada)
  })

  const refusals: readonly (readonly [string, Operation | readonly Operation[], string])[] = [
    ['invalidSyntax', { op: 'move', path: 'title', value: 'x' }, "Operation 1: 'op' is add, remove or replace, not 'move'"],
    ['noTarget', { op: 'remove' }, "Operation 1: 'remove' needs a path"],
    ['invalidValue', { op: 'add', path: 'title' }, "Operation 1: 'value' is missing for 'title'"],
    ['invalidValue', { op: 'add', value: 'x' }, "Operation 1: 'value' is an object where there is no path"],
    ['invalidPath', { op: 'add', path: 'nope', value: 'x' }, "Operation 1: There is no attribute 'nope'"],
    [
      'invalidPath',
      { op: 'add', path: 'name.__proto__.x', value: 'x' },
      "Operation 1: 'name.__proto__.x' is no path of an attribute",
    ],
    [
      'invalidSyntax',
      { op: 'add', value: { __proto__x: 1, constructor: 1 } },
      "Operation 1: 'constructor' is no name of an attribute",
    ],
    ['invalidFilter', { op: 'add', path: 'emails[type eq "a"', value: 'x' }, "Operation 1: A ']' is missing in the filter"],
    [
      'invalidPath',
      { op: 'add', path: 'emails[type eq "a"].nope', value: 'x' },
      "Operation 1: 'emails[type eq \"a\"].nope' names no part of 'emails'",
    ],
    [
      'noTarget',
      { op: 'replace', path: 'emails[type eq "other"].value', value: 'x' },
      "Operation 1: No entry of 'emails.value' fits the filter",
    ],
    [
      'noTarget',
      { op: 'add', path: 'emails[type ne "x" and value co "z"].value', value: 'x' },
      "Operation 1: No entry of 'emails.value' fits the filter",
    ],
    ['mutability', { op: 'replace', path: 'id', value: 'x' }, "Operation 1: 'id' cannot be changed"],
    ['mutability', { op: 'add', path: 'groups', value: [{ value: 'x' }] }, "Operation 1: 'groups' cannot be changed"],
    [
      'mutability',
      { op: 'replace', path: `${enterprise}:manager.displayName`, value: 'x' },
      `Operation 1: '${enterprise}:manager.displayName' cannot be changed`,
    ],
    ['mutability', { op: 'remove', path: 'userName' }, "Operation 1: 'userName' is required and cannot be removed"],
    ['invalidValue', { op: 'replace', path: 'userName', value: null }, "Operation 1: 'userName' is required"],
    ['invalidValue', { op: 'replace', path: 'active', value: 1 }, "Operation 1: 'active' is true or false"],
    ['invalidValue', { op: 'replace', path: 'active', value: null }, "Operation 1: 'active' is true or false"],
    ['invalidValue', { op: 'add', path: 'emails', value: [null] }, "Operation 1: 'emails' holds null among its entries"],
    ['invalidValue', { op: 'replace', path: 'title', value: ['x'] }, "Operation 1: 'title' is a string"],
    [
      'invalidValue',
      { op: 'replace', path: 'schemas', value: ['urn:x'] },
      `Operation 1: 'schemas' has to name ${userType.schema.id}`,
    ],
    [
      'invalidPath',
      [
        { op: 'replace', path: 'title', value: 'x' },
        { op: 'replace', path: 'nope', value: 'x' },
      ],
      "Operation 2: There is no attribute 'nope'",
    ],
  ]
  for (const [scimType, operations, message] of refusals) {
    it(`refuses ${JSON.stringify(operations)}`, () => {
      const all = Array.isArray(operations) ? (operations as readonly Operation[]) : [operations as Operation]
      expect(refusal(() => onUser(...all))).to.deep.equal([scimType, message])
    })
  }

  it('keeps the value of a member, wants the schema, and holds the number of operations to its limit', () => {
    const change = { op: 'replace', path: 'members[value eq "m1"].value', value: 'x' }
    expect(refusal(() => onGroup(change))).to.deep.equal(['mutability', "Operation 1: 'members.value' cannot be changed"])
    expect(refusal(() => readPatch({ Operations: [] }, userType))?.[0]).to.equal('invalidSyntax')
    expect(refusal(() => readPatch({ schemas: [patchOp], Operations: [] }, userType))?.[0]).to.equal('invalidSyntax')
    expect(
      refusal(() => readPatch({ schemas: [patchOp], operations: [{ op: 'add', path: 'title', value: '' }] }, userType)),
    ).to.equal(undefined)
    const many = Array.from({ length: 1001 }, () => ({ op: 'add', path: 'title', value: 'x' }))
    expect(refusal(() => onUser(...many))?.[1]).to.equal("'Operations' has at most 1000 entries")
  })

  it('changes a group of ten thousand by a thousand operations without a pause', () => {
    const members = Array.from({ length: 10_000 }, (_, at) => ({ value: `m${at}` }))
    const operations = Array.from({ length: 1000 }, (_, at) => ({ op: 'remove', path: `members[value eq "m${at}"]` }))
    const spent = processorTime()
    const after = patched({ displayName: 'x', members }, operations, groupType) as { members: unknown[] }
    expect(after.members.length).to.equal(9000)
    expect(spent()).to.be.below(1000)
  })

  it('leaves a resource without nulls, empty values or two primary entries, and prototypes alone, whatever is sent', () => {
    const paths = [
      'title',
      'name',
      'name.givenName',
      'emails',
      'emails[type eq "work"]',
      'emails[type eq "x"].value',
      'emails.primary',
      enterprise,
      `${enterprise}:manager`,
      'roles',
      'schemas',
      '',
    ]
    const leaf = fc.oneof(
      fc.string({ maxLength: 5 }),
      fc.boolean(),
      fc.constant(null),
      fc.integer(),
      fc.constant([]),
      fc.constant({}),
    )
    const value = fc.oneof(
      leaf,
      fc.dictionary(
        fc.constantFrom('value', 'type', 'primary', 'givenName', 'title', 'department', '__proto__', 'constructor'),
        leaf,
      ),
      fc.array(fc.dictionary(fc.constantFrom('value', 'type', 'primary'), leaf), { maxLength: 4 }),
    )
    const operation = fc.record({ op: fc.constantFrom('add', 'Replace', 'remove'), path: fc.constantFrom(...paths), value })
    const check = (resource: unknown): void => {
      expect(resource).to.not.equal(null)
      if (typeof resource !== 'object' || resource === null) return
      expect(Object.keys(resource).length, JSON.stringify(resource)).to.be.above(0)
      for (const item of Object.values(resource)) check(item)
    }
    fc.assert(
      fc.property(fc.array(operation, { minLength: 1, maxLength: 6 }), (operations) => {
        let after: { emails?: { primary?: boolean }[] }
        try {
          after = patched(ada, operations) as typeof after
        } catch (thrown) {
          expect(thrown).to.be.instanceOf(RegistryError)
          return
        }
        check(after)
        expect((after.emails ?? []).filter(({ primary }) => primary === true).length).to.be.below(2)
      }),
      { numRuns: 3000 },
    )
    expect(Object.keys(Object.prototype)).to.deep.equal([])
    expect(({} as Record<string, unknown>)['value']).to.equal(undefined)
  })
})
