/** `{org} u {repo} {package}`: what was downloaded of one package. Counts only grow, and each process adds its own. Times are milliseconds since 1970. */
export type DownloadRow = { readonly v: 1; readonly n: number; readonly at: number }
export type DayRow = { readonly v: 1; readonly n: number }
/** When the instance began to count. */
export type CountingRow = { readonly v: 1; readonly since: number }

/** '2026-11-25': days are UTC's. */
export function dayOf(milliseconds: number): string {
  return new Date(milliseconds).toISOString().slice(0, 10)
}
