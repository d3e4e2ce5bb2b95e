const types: Readonly<Record<string, string>> = {
  jar: 'application/java-archive',
  war: 'application/java-archive',
  ear: 'application/java-archive',
  pom: 'text/xml',
  xml: 'text/xml',
  module: 'application/json',
  json: 'application/json',
  asc: 'text/plain; charset=utf-8',
  txt: 'text/plain; charset=utf-8',
}

/** By the last extension alone (maven dossier 5.4). Never a coding: a client would unpack what it must hash. */
export function contentTypeOf(name: string): string {
  const extension = name.slice(name.lastIndexOf('.') + 1).toLowerCase()
  return (Object.hasOwn(types, extension) ? types[extension] : undefined) ?? 'application/octet-stream'
}
