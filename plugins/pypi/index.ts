import type { Clock, PluginKit, ProtocolPlugin } from '#core'
import { clientSettings } from './client-settings.js'
import { coreMetadataParser } from './core-metadata-parser.js'
import { downloadRoutes } from './download.js'
import { keeping } from './keeping.js'
import { legacyRoutes } from './legacy-json.js'
import { describeStored, documentVersion } from './project-documents.js'
import { provenanceRoutes } from './provenance.js'
import { renderError } from './pypi-error.js'
import { simpleIndex } from './simple-index.js'
import { simpleRoutes } from './simple-pages.js'
import { uploadRoutes } from './upload.js'
import { xmlRpcRoutes } from './xml-rpc.js'

/** A Python package index: simple index as HTML and JSON, files with their metadata beside them, the legacy upload. */
export function pypiPlugin(): ProtocolPlugin {
  let clock: Clock | undefined
  const startedClock = () => {
    if (!clock) throw new Error('pypi was asked before it was started')
    return clock
  }
  return {
    name: 'pypi',
    version: '1.0.0',
    contract: 1,
    mounts: [
      {
        scope: 'repository',
        routes: [
          ...simpleRoutes,
          ...downloadRoutes,
          ...provenanceRoutes,
          ...legacyRoutes,
          ...xmlRpcRoutes,
          ...uploadRoutes(startedClock),
        ],
        renderError,
        paths: { emptySegments: 'redirect' },
      },
    ],
    parsers: [coreMetadataParser],
    indexes: [simpleIndex],
    digests: ['md5', 'blake2b256'],
    documents: { v: documentVersion, upgrade: (value) => value },
    settings: clientSettings,
    keeping: keeping(startedClock),
    describe: describeStored,
    start: async (kit: PluginKit) => {
      clock = kit.clock
    },
  }
}
export default pypiPlugin()
