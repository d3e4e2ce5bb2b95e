/** Brings npm's spellings of a path to one, undecoded, before it is parsed (npm dossier 2.1, 2.2): a repeated mount prefix goes, '%40' that
 *  begins a segment becomes '@', and the encoded slash behind a scope becomes a slash. Anything else is left to the parser. */
export function rewritePath(rawPath: string, mountPath: string): string {
  return withoutRepetition(rawPath, mountPath)
    .split('/')
    .map((segment) => (/^(?:@|%40)/.test(segment) ? segment.replace(/^%40/, '@').replace(/%2f/i, '/') : segment))
    .join('/')
}

/** npm 6 and 9 to 12 double the mount's path when they delete a tarball. It cannot be meant: a package's address goes on behind its second
 *  segment only where that is '-' or '-rev', and no repository is called so. */
function withoutRepetition(path: string, mountPath: string): string {
  const mount = `/${mountPath.replace(/^\/+|\/+$/g, '')}/`
  return mount !== '//' && path.startsWith(mount) && path.length > mount.length ? path.slice(mount.length - 1) : path
}
