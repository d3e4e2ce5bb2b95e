/**
 * Text as a terminal may be given it. What publishers and members wrote (descriptions, reasons, names) must not speak to the terminal of whoever
 * lists it, nor turn its lines around: each such character is shown as its code. Line breaks stay; so does JSON's meaning, where these stand in texts alone.
 */
export function printable(text: string): string {
  return text.replace(/(?!\n)[\p{Cc}\p{Bidi_Control}\u2028\u2029]/gu, code)
}

function code(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`
}
