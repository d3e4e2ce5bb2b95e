import fc from 'fast-check'

/** Pieces that mean harm, or something to a parser. */
const meant = [
  '<!DOCTYPE project [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>',
  '<!DOCTYPE x SYSTEM "file:///etc/passwd">',
  '<![CDATA[',
  '<?php ?>',
  '<a>'.repeat(10_000),
  `<${'n'.repeat(1 << 20)}/>`,
  ` a="${'v'.repeat(1 << 20)}"`,
  'x'.repeat(1 << 20),
  '&#97;'.repeat(20_000),
  '<a/>'.repeat(60_000),
  ...'&a; &lol9; &#0; &#x10FFFF; &#xD800; &oslash; ]]> <!-- --> \0 \x01 \ufeff < > &'.split(' '),
]
const at = fc.double({ min: 0, max: 0.999, noNaN: true })
/** Something done to a document: cut off, put into it, a byte turned into another. */
const damage = fc.oneof(
  fc.record({ kind: fc.constant('cut' as const), at }),
  fc.record({
    kind: fc.constant('put' as const),
    at,
    what: fc.oneof(fc.constantFrom(...meant), fc.string({ maxLength: 12, unit: 'binary' })),
  }),
  fc.record({ kind: fc.constant('flip' as const), at, to: fc.nat(255) }),
)
type Damage = typeof damage extends fc.Arbitrary<infer T> ? T : never
export const someDamage = fc.array(damage, { minLength: 1, maxLength: 2 })

export function damaged(original: Buffer, changes: readonly Damage[]): Buffer {
  return changes.reduce((content, change) => {
    const at = Math.floor(change.at * content.length)
    if (change.kind === 'cut') return content.subarray(0, at)
    if (change.kind === 'put') return Buffer.concat([content.subarray(0, at), Buffer.from(change.what), content.subarray(at)])
    const copy = Buffer.from(content)
    if (copy.length > 0) copy[at] = change.to
    return copy
  }, original)
}
