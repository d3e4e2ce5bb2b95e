/** What repositories can be made of: the plugin registry says so. */
export interface InstalledFormats {
  formats(): readonly { readonly name: string; readonly version: string }[]
}
export const InstalledFormats = Symbol('InstalledFormats')
