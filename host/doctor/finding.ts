/** `fatal`: the house cannot work so, and does not start. `warning`: it works, and something is owed. */
export type Level = 'fatal' | 'warning' | 'fine'

/** What a check found out, in one sentence for people; `todo` says what to do about it. */
export interface Finding {
  /** 'data folder', 'bucket versioning'. */
  readonly check: string
  readonly level: Level
  readonly says: string
  readonly todo?: string
}

export const fine = (check: string, says: string): Finding => ({ check, level: 'fine', says })
export const warning = (check: string, says: string, todo: string): Finding => ({ check, level: 'warning', says, todo })
export const fatal = (check: string, says: string, todo: string): Finding => ({ check, level: 'fatal', says, todo })

/** 'bucket: says. What to do.': the line that a start ends with. */
export function inOneLine({ check, says, todo }: Finding): string {
  return todo === undefined ? `${check}: ${says}` : `${check}: ${says} ${todo}`
}
