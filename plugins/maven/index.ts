import type { Clock, ProtocolPlugin } from '#core'
import { archetypeIndex } from './archetype-catalog.js'
import { bundleRoutes } from './bundle-upload.js'
import { clientSettings } from './client-settings.js'
import { deploy, remove } from './deploy.js'
import { download } from './download.js'
import { keeping } from './keeping.js'
import { describeStored } from './latest-version.js'
import { owningFolder } from './layout.js'
import { listFolder, listRoot } from './listing.js'
import { renderMavenError } from './maven-error.js'
import { metadataIndex } from './metadata-index.js'
import { pomParser } from './pom-parser.js'
import { settleQuiet } from './quiet-deployments.js'

/** A Maven 2 repository: files by their layout, metadata and checksums made from what is stored. */
export function mavenPlugin(): ProtocolPlugin {
  let clock: Clock | undefined
  const now = () => clock?.now() ?? new Date()
  return {
    name: 'maven',
    version: '1.0.0',
    contract: 1,
    mounts: [
      {
        scope: 'repository',
        paths: { emptySegments: 'collapse-reads' },
        renderError: renderMavenError,
        routes: [listRoot, listFolder, download(now), deploy(now), remove(now), ...bundleRoutes(now)],
      },
    ],
    parsers: [pomParser],
    indexes: [metadataIndex, archetypeIndex],
    digests: ['md5', 'sha1'],
    packageOf: owningFolder,
    settings: clientSettings,
    keeping: keeping(now),
    describe: describeStored,
    async start(kit) {
      clock = kit.clock
    },
    remind: (key, context) => settleQuiet(key, context, now()),
  }
}

export default mavenPlugin()
