/** What repositories can be made of: the plugin registry says so. */
export interface InstalledFormats {
  formats(): readonly { readonly name: string; readonly version: string }[]
  /** Does a read of this path below a repository's address lead to what lies there? */
  serves(format: string, path: string): boolean
  /** Lines to paste into each client's own settings. */
  settings(
    format: string,
    repository: { readonly name: string; readonly url: URL },
  ): readonly { readonly client: string; readonly text: string }[]
}
export const InstalledFormats = Symbol('InstalledFormats')
