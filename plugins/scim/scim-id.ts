import { crc32 } from 'node:zlib'

const houseId = /^([mg])_([0-9a-z]{10})([0-9a-z]{10})$/
const uuid = /^([0-9a-f]{8})-([0-9a-f]{4})-4([0-9a-f]{3})-([89])([0-9a-f]{3})-([0-9a-f]{12})$/
/** Of half an id: ten digits of base 36, which are less than 52 bits, hence 13 digits of base 16 and a number that is exact. */
const half = 13
const halves = 36 ** 10

/** The id of a member or group as SCIM shows it: a UUID of version 4 whose free bits are the house's own id (its 103 random bits), which of both it is,
 *  and a checksum. The house's id is found in it again, so that no row says which is whose and none can be missing; what it names is looked up
 *  inside the caller's organization alone. Throws where it is no such id. */
export function toScimId(id: string): string {
  const [, kind, high = '', low = ''] = houseId.exec(id) ?? []
  if (kind === undefined) throw new TypeError('Not the id of a member or group')
  const text = hex(Number.parseInt(high, 36), half) + hex(Number.parseInt(low, 36), half) + hex(checksum(id), 4)
  const variant = kind === 'm' ? '8' : '9'
  return `${text.slice(0, 8)}-${text.slice(8, 12)}-4${text.slice(12, 15)}-${variant}${text.slice(15, 18)}-${text.slice(18)}`
}

/** Undefined for whatever is no id that SCIM was ever given here. */
export function fromScimId(kind: 'member' | 'group', text: string): string | undefined {
  const [, first = '', second = '', third = '', variant, fourth = '', last = ''] = uuid.exec(text) ?? []
  if (variant !== (kind === 'member' ? '8' : '9')) return undefined
  const digits = first + second + third + fourth + last
  const [high, low] = [digits.slice(0, half), digits.slice(half, 2 * half)].map((part) => Number.parseInt(part, 16)) as [
    number,
    number,
  ]
  if (high >= halves || low >= halves) return undefined
  const id = `${kind === 'member' ? 'm' : 'g'}_${base36(high)}${base36(low)}`
  return digits.slice(2 * half) === hex(checksum(id), 4) ? id : undefined
}

function hex(value: number, digits: number): string {
  return value.toString(16).padStart(digits, '0')
}
function base36(value: number): string {
  return value.toString(36).padStart(10, '0')
}
/** Against a digit that was mistyped or made up; no secret. */
function checksum(id: string): number {
  return crc32(`scim ${id}`) & 0xffff
}
