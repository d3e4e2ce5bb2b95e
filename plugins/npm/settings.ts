import type { ProtocolPlugin } from '#core'

/** Lines for each client's own settings. Tokens are written where the client reads them, which is not always the project (npm dossier 3.1, 6). */
export const clientSettings: NonNullable<ProtocolPlugin['settings']> = ({ url }) => {
  const registry = url.href
  const credentials = `//${url.host}${url.pathname}:_authToken=`
  return [
    { client: 'npm', text: [`# .npmrc`, `registry=${registry}`, `${credentials}\${NPM_TOKEN}`].join('\n') },
    {
      client: 'pnpm',
      text: [
        '# .npmrc of the project',
        `registry=${registry}`,
        '# .npmrc in your home: pnpm takes the token from there alone, written out',
        `${credentials}TOKEN`,
        '# pnpm-workspace.yaml: packages of your own are new, and installed all the same',
        'minimumReleaseAgeExclude: ["@your-scope/*"]',
      ].join('\n'),
    },
    {
      client: 'yarn 1',
      text: ['# .npmrc', `registry=${registry}`, `${credentials}\${NPM_TOKEN}`, 'always-auth=true'].join('\n'),
    },
    {
      client: 'yarn',
      text: [
        '# .yarnrc.yml',
        `npmRegistryServer: "${registry}"`,
        `npmAuthToken: "\${NPM_TOKEN}"`,
        'npmAlwaysAuth: true',
        'npmPreapprovedPackages: ["@your-scope/*"]',
        ...(url.protocol === 'http:' ? [`unsafeHttpWhitelist: ["${url.hostname}"]`] : []),
      ].join('\n'),
    },
  ]
}
