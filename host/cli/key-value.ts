import { Misused } from './api-client.js'

/** KEY=VALUE: numbers, true, false and null as JSON has them, everything else as text. */
export function setting(text: string): [string, unknown] {
  const cut = text.indexOf('=')
  if (cut < 1) throw new Misused(`error: ${text} is not KEY=VALUE`)
  const value = text.slice(cut + 1)
  return [text.slice(0, cut), /^(?:0|-?[1-9]\d{0,14}|true|false|null)$/.test(value) ? JSON.parse(value) : value]
}
