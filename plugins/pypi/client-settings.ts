/** What pip, uv and twine want in their own settings to use a repository at `url`, which ends in a slash. */
export function clientSettings({ url }: { readonly name: string; readonly url: URL }) {
  const host = url.host
  return [
    {
      client: 'pip',
      text: [
        '# ~/.config/pip/pip.conf; credentials in ~/.netrc:',
        `#   machine ${url.hostname} login __token__ password TOKEN`,
        '[global]',
        `index-url = ${url.href}simple/`,
      ].join('\n'),
    },
    {
      client: 'uv',
      text: [
        '# pyproject.toml; credentials in UV_INDEX_CLOUDREPO_USERNAME and UV_INDEX_CLOUDREPO_PASSWORD,',
        '# for `uv publish --index cloudrepo` in UV_PUBLISH_TOKEN',
        '[[tool.uv.index]]',
        'name = "cloudrepo"',
        `url = "${url.href}simple/"`,
        `publish-url = "${url.href}"`,
        'default = true',
      ].join('\n'),
    },
    {
      client: 'twine',
      text: [
        `# ~/.pypirc; then: twine upload -r cloudrepo dist/*  (to ${host})`,
        '[distutils]',
        'index-servers = cloudrepo',
        '',
        '[cloudrepo]',
        `repository = ${url.href}`,
        'username = __token__',
        'password = TOKEN',
      ].join('\n'),
    },
  ]
}
