import { isSnapshotVersion } from './layout.js'

/** What stands in a maven-metadata.xml. */
export interface MetadataView {
  readonly groupId?: string
  readonly artifactId?: string
  /** Base version, of a snapshot's own metadata. */
  readonly version?: string
  /** Ascending. */
  readonly versions: readonly string[]
  readonly snapshot?: { readonly timestamp: string; readonly number: number } | 'local'
  readonly snapshotVersions: readonly {
    readonly classifier: string
    readonly extension: string
    readonly value: string
    readonly updated: string
  }[]
  readonly plugins: readonly { readonly name: string; readonly prefix: string; readonly artifactId: string }[]
  /** Whole seconds since 1970. */
  readonly changed: number
}

/** maven-metadata.xml, byte for byte the same for the same view. Concatenated: of ten thousand versions each line is made once. */
export function renderMetadata(view: MetadataView): string {
  const versioned = view.artifactId !== undefined
  return [
    '<?xml version="1.0" encoding="UTF-8"?>\n',
    view.snapshot === undefined ? '<metadata>\n' : '<metadata modelVersion="1.1.0">\n',
    view.groupId === undefined ? '' : leaf(1, 'groupId', view.groupId),
    view.artifactId === undefined ? '' : leaf(1, 'artifactId', view.artifactId),
    view.version === undefined ? '' : leaf(1, 'version', view.version),
    versioned ? branch(1, 'versioning', versioning(view)) : '',
    view.plugins.length === 0 ? '' : branch(1, 'plugins', view.plugins.map(plugin).join('')),
    '</metadata>\n',
  ].join('')
}

function versioning({ versions, snapshot, snapshotVersions, changed }: MetadataView): string {
  const latest = versions.at(-1)
  const release = versions.findLast((version) => !isSnapshotVersion(version))
  const named =
    snapshot === undefined
      ? ''
      : branch(
          2,
          'snapshot',
          snapshot === 'local'
            ? leaf(3, 'localCopy', 'true')
            : leaf(3, 'timestamp', snapshot.timestamp) + leaf(3, 'buildNumber', String(snapshot.number)),
        )
  return [
    named,
    latest === undefined ? '' : leaf(2, 'latest', latest),
    release === undefined ? '' : leaf(2, 'release', release),
    versions.length === 0 ? '' : branch(2, 'versions', versions.map((version) => leaf(3, 'version', version)).join('')),
    leaf(2, 'lastUpdated', digits(changed)),
    snapshotVersions.length === 0 ? '' : branch(2, 'snapshotVersions', snapshotVersions.map(snapshotVersion).join('')),
  ].join('')
}

function snapshotVersion({ classifier, extension, value, updated }: MetadataView['snapshotVersions'][number]): string {
  const lines = [
    classifier === '' ? '' : leaf(4, 'classifier', classifier),
    leaf(4, 'extension', extension),
    leaf(4, 'value', value),
    leaf(4, 'updated', updated),
  ]
  return branch(3, 'snapshotVersion', lines.join(''))
}

function plugin({ name, prefix, artifactId }: MetadataView['plugins'][number]): string {
  return branch(2, 'plugin', leaf(3, 'name', name) + leaf(3, 'prefix', prefix) + leaf(3, 'artifactId', artifactId))
}

function branch(depth: number, name: string, content: string): string {
  const indent = '  '.repeat(depth)
  return `${indent}<${name}>\n${content}${indent}</${name}>\n`
}
function leaf(depth: number, name: string, text: string): string {
  return `${'  '.repeat(depth)}<${name}>${escapeXml(text)}</${name}>\n`
}

/** Control characters that XML 1.0 has no way to write go: one POM's title never makes a whole group's document unreadable. */
export function escapeXml(text: string): string {
  if (!/[&<>\0-\x1f\ufffe\uffff]/.test(text)) return text
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll(/[\0-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]/g, '')
    .replaceAll('\r', '&#13;')
}

/** yyyyMMddHHmmss, UTC. */
export function digits(seconds: number): string {
  return new Date(seconds * 1_000).toISOString().replaceAll(/[-:T]|\..*$/g, '')
}
