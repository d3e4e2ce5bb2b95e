const width = 32
/** x^(8·2^n) modulo the CRC-32 polynomial, bits reflected. */
const powers: number[] = [0x00800000]
for (let at = 1; at < 64; at += 1) {
  const last = powers[at - 1] ?? 0
  powers.push(product(last, last))
}

/** The CRC-32 of two byte strings after one another, from the CRC-32 of each and the length of the second (zlib's crc32_combine). */
export function joinCrc32(first: number, second: number, secondLength: number): number {
  let shifted = first >>> 0
  let left = secondLength
  for (let at = 0; left > 0; at += 1) {
    if (left % 2 === 1) shifted = product(powers[at] ?? 0, shifted)
    left = Math.floor(left / 2)
  }
  return (shifted ^ second) >>> 0
}

/** Of two polynomials over GF(2), modulo that of CRC-32. */
function product(one: number, other: number): number {
  let result = 0
  let factor = other
  for (let bit = 0; bit < width; bit += 1) {
    if ((one >>> (width - 1 - bit)) & 1) result ^= factor
    factor = factor & 1 ? (factor >>> 1) ^ 0xedb88320 : factor >>> 1
  }
  return result >>> 0
}

/** As S3 writes it: four bytes, big end first, in base64. */
export function crc32Text(crc: number): string {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32BE(crc >>> 0)
  return bytes.toString('base64')
}

/** Undefined where it is not the CRC-32 of a whole object: parts have one of their own each, '…-3' is of those. */
export function crc32Of(text: string | undefined): number | undefined {
  if (text === undefined || text.includes('-')) return undefined
  const bytes = Buffer.from(text, 'base64')
  return bytes.length === 4 ? bytes.readUInt32BE() : undefined
}
