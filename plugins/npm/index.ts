import type { ProtocolPlugin } from '#core'
import { accessRoutes } from './access.js'
import { attestationRoutes } from './attestations.js'
import { auditRoutes } from './audit.js'
import { distTagRoutes } from './dist-tags.js'
import { forgetPerson } from './forgotten-person.js'
import { houseClock } from './house-clock.js'
import { keeping } from './keeping.js'
import { renderNpmError } from './npm-error.js'
import { ownerRoutes } from './owners.js'
import { describeStored } from './package-facts.js'
import { packageJsonParser } from './package-json-parser.js'
import { packageOfPath } from './package-name.js'
import { packagePutRoutes } from './package-put.js'
import { packumentRoutes } from './packument.js'
import { packumentIndex } from './packument-index.js'
import { rewritePath } from './path-rewrite.js'
import { profileRoutes } from './profile.js'
import { removeLeftovers } from './removed-package.js'
import { searchRoutes } from './search.js'
import { sessionRoutes } from './session.js'
import { clientSettings } from './settings.js'
import { signingKeyRoutes } from './signing-keys.js'
import { starRoutes } from './stars.js'
import { tarballRoutes } from './tarball.js'
import { teamRoutes } from './teams.js'
import { tokenRoutes } from './tokens.js'
import { unpublishRoutes } from './unpublish.js'

/** npm's registry protocol, for npm, pnpm, yarn, bun and whoever else speaks it (npm dossier). */
const npm: ProtocolPlugin = {
  name: 'npm',
  version: '1.0.0',
  contract: 1,
  mounts: [
    {
      scope: 'repository',
      paths: { trailingSlash: 'ignore', rewrite: rewritePath },
      renderError: renderNpmError,
      // The login by browser: clients that do not find it ask for a name and a password.
      absent: ['POST /-/v1/login'],
      routes: [
        ...sessionRoutes,
        ...profileRoutes,
        ...tokenRoutes,
        ...accessRoutes,
        ...teamRoutes,
        ...searchRoutes,
        ...signingKeyRoutes,
        ...attestationRoutes,
        ...auditRoutes,
        ...distTagRoutes,
        ...packumentRoutes,
        ...tarballRoutes,
        ...packagePutRoutes,
        ...unpublishRoutes,
        ...starRoutes,
        ...ownerRoutes,
      ],
    },
  ],
  parsers: [packageJsonParser],
  indexes: [packumentIndex],
  digests: ['sha1', 'sha512'],
  documents: { v: 1, upgrade: (value) => value },
  packageOf: packageOfPath,
  settings: clientSettings,
  keeping,
  describe: describeStored,
  forget: forgetPerson,
  async start({ clock }) {
    houseClock.now = () => clock.now()
  },
  async remind([pkg], context) {
    await removeLeftovers(pkg, context)
  },
}
export default npm
