import { createHash } from 'node:crypto'

const houseId = /^[mg]_([0-9a-z]{20})$/
const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/
const bodyBits = 104n
const checkBits = 17n

/** The id of a member or group as SCIM shows it: a UUID of version 4, whose 122 free bits are the house's own id (its 103 random bits), which of
 *  both it is, and a checksum. The house's id is found in it again, so that no row says which is whose and none can be missing; what it names is
 *  looked up inside the caller's organization alone. Throws where it is no such id. */
export function toScimId(id: string): string {
  const body = houseId.exec(id)?.[1]
  if (body === undefined) throw new TypeError('Not the id of a member or group')
  let bits = 0n
  for (const digit of body) bits = bits * 36n + BigInt(Number.parseInt(digit, 36))
  const whole = (((id.startsWith('g') ? 1n : 0n) << bodyBits) | bits) << checkBits
  const hex = (whole | checksum(id)).toString(2).padStart(122, '0')
  const free = [hex.slice(0, 48), '0100', hex.slice(48, 60), '10', hex.slice(60)].join('')
  const text = BigInt(`0b${free}`).toString(16).padStart(32, '0')
  return [text.slice(0, 8), text.slice(8, 12), text.slice(12, 16), text.slice(16, 20), text.slice(20)].join('-')
}

/** Undefined for whatever is no id that SCIM was ever given here. */
export function fromScimId(kind: 'member' | 'group', text: string): string | undefined {
  if (!uuid.test(text)) return undefined
  const binary = BigInt(`0x${text.replaceAll('-', '')}`)
    .toString(2)
    .padStart(128, '0')
  const whole = BigInt(`0b${binary.slice(0, 48)}${binary.slice(52, 64)}${binary.slice(66)}`)
  let bits = (whole >> checkBits) & ((1n << bodyBits) - 1n)
  const isGroup = whole >> (bodyBits + checkBits) === 1n
  if (isGroup !== (kind === 'group')) return undefined
  let body = ''
  for (let place = 0; place < 20; place += 1) {
    body = (bits % 36n).toString(36) + body
    bits /= 36n
  }
  const id = `${isGroup ? 'g' : 'm'}_${body}`
  return bits === 0n && toScimId(id) === text ? id : undefined
}

function checksum(id: string): bigint {
  return BigInt(createHash('sha256').update(`scim\0${id}`).digest().readUIntBE(0, 3) & ((1 << Number(checkBits)) - 1))
}
