import type { Artifact } from '#core'

const byExtension: Readonly<Record<string, string>> = {
  '7z': 'application/x-7z-compressed',
  aac: 'audio/aac',
  avi: 'video/x-msvideo',
  avif: 'image/avif',
  bmp: 'image/bmp',
  bz2: 'application/x-bzip2',
  css: 'text/css; charset=utf-8',
  csv: 'text/csv; charset=utf-8',
  deb: 'application/vnd.debian.binary-package',
  flac: 'audio/flac',
  gif: 'image/gif',
  gz: 'application/gzip',
  htm: 'text/html; charset=utf-8',
  html: 'text/html; charset=utf-8',
  ico: 'image/vnd.microsoft.icon',
  jar: 'application/java-archive',
  jpeg: 'image/jpeg',
  jpg: 'image/jpeg',
  js: 'text/javascript; charset=utf-8',
  json: 'application/json',
  log: 'text/plain; charset=utf-8',
  md: 'text/markdown; charset=utf-8',
  mjs: 'text/javascript; charset=utf-8',
  mp3: 'audio/mpeg',
  mp4: 'video/mp4',
  ogg: 'audio/ogg',
  pdf: 'application/pdf',
  pem: 'application/x-pem-file',
  png: 'image/png',
  rpm: 'application/x-rpm',
  svg: 'image/svg+xml',
  tar: 'application/x-tar',
  tgz: 'application/gzip',
  tif: 'image/tiff',
  tiff: 'image/tiff',
  txt: 'text/plain; charset=utf-8',
  wasm: 'application/wasm',
  wav: 'audio/wav',
  webm: 'video/webm',
  webp: 'image/webp',
  xhtml: 'application/xhtml+xml',
  xml: 'application/xml',
  xz: 'application/x-xz',
  yaml: 'application/yaml',
  yml: 'application/yaml',
  zip: 'application/zip',
  zst: 'application/zstd',
}

/** What tools send when nobody told them a type: it says nothing about the file (raw dossier 5). */
const invented = new Set([
  'application/octet-stream',
  'application/x-www-form-urlencoded',
  'multipart/form-data',
  'binary/octet-stream',
])

const token = "[!#$%&'*+.^_`|~0-9A-Za-z-]+"
const mediaType = new RegExp(`^(${token}/${token})((?:[ \\t]*;[ \\t]*${token}=(?:${token}|"[ !#-\\[\\]-~]*"))*)$`)
const longest = 255

/** The type to keep with a file: what the client said, where that is a media type and means something; else undefined. */
export function meantType(header: string | undefined): string | undefined {
  if (header === undefined || header.length > longest) return undefined
  const parsed = mediaType.exec(header.trim())
  const essence = parsed?.[1]?.toLowerCase()
  if (essence === undefined || invented.has(essence)) return undefined
  return essence + (parsed?.[2] ?? '')
}

/** The type to serve a file with: what was meant at PUT, else by extension, else bytes. */
export function servedType(artifact: Pick<Artifact, 'path' | 'contentType'>): string {
  return meantType(artifact.contentType) ?? typeByName(artifact.path) ?? 'application/octet-stream'
}

function typeByName(path: string): string | undefined {
  const extension = /\.([^./]+)$/.exec(path)?.[1]?.toLowerCase()
  return extension !== undefined && Object.hasOwn(byExtension, extension) ? byExtension[extension] : undefined
}
