/** The plugins that come with the house, by name; each is loaded only where it is installed. */
export const bundledPlugins: Readonly<Record<string, () => Promise<unknown>>> = {
  maven: () => import('../plugins/maven/index.js'),
  npm: () => import('../plugins/npm/index.js'),
  pypi: () => import('../plugins/pypi/index.js'),
  raw: () => import('../plugins/raw/index.js'),
  scim: () => import('../plugins/scim/index.js'),
  api: () => import('../plugins/api/index.js'),
}
