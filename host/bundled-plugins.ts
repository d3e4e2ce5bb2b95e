/** The plugins that come with the house, by name; each is loaded only where it is installed. */
export const bundledPlugins: Readonly<Record<string, () => Promise<unknown>>> = {
  maven: () => bundled('maven'),
  npm: () => bundled('npm'),
  pypi: () => bundled('pypi'),
  raw: () => bundled('raw'),
  api: () => bundled('api'),
}

function bundled(name: string): Promise<unknown> {
  return import(new URL(`../plugins/${name}/index.js`, import.meta.url).href)
}
