/** Targets below a repository, and the key of the file that each names. */
export const keys: readonly (readonly [target: string, key: string])[] = [
  ['/a/b.txt', 'a/b.txt'],
  ['/a//b.txt', 'a/b.txt'],
  ['//a/b.txt', 'a/b.txt'],
  ['/a/%62.txt', 'a/b.txt'],
  ['/%252e%252e/b', '%2e%2e/b'],
  ['/caf%C3%A9', 'café'],
  ['/cafe%CC%81', 'café'],
  ['/a;v=1', 'a;v=1'],
  ['/a,b', 'a,b'],
  ['/a=b', 'a=b'],
  ['/a@b', 'a@b'],
  ['/~x', '~x'],
  ['/..a', '..a'],
  ['/a..', 'a..'],
  ['/.hidden', '.hidden'],
  ['/x?y=1', 'x'],
  ['/x%3Fy', 'x?y'],
  ['/a+b', 'a+b'],
  ['/a%2Bb', 'a+b'],
  ['/a:b', 'a:b'],
  ["/it's%20[br]%20&%20%22q%22%20%23%25", 'it\'s [br] & "q" #%'],
  ['/-x', '-x'],
  ['/a/-/b', 'a/-/b'],
  ['/.well-known/x', '.well-known/x'],
  [`/${'d/'.repeat(63)}f`, `${'d/'.repeat(63)}f`],
  [`/${'n'.repeat(255)}`, 'n'.repeat(255)],
]

/** Targets that name nothing: 400. */
export const refused = [
  ...['/a/../b', '/a/%2e%2e/b', '/a/.%2E/b', '/./b', '/a/%2E', '/a%2Fb', '/a%2fb', '/a%5Cb', '/a\\b'],
  ...['/a%00b', '/a%0d%0aX', '/a%7F', '/%ff', '/%C0%AE', '/%E0%80%AE', '/%zz', '/%', '/%ed%a0%80'],
  ...['/a/..%2f..%2f..%2fbeta/files/x.bin', '/%2e%2e/%2e%2e/%2e%2e/etc/passwd', '/a%E2%80%AEb', '/a%E2%80%8Bb', '/a%EF%BF%BEb'],
  ...[
    '/...',
    '/%20',
    `/${'n'.repeat(256)}`,
    `/${'d/'.repeat(64)}f`,
    `/${'n'.repeat(200)}/`.repeat(6).replaceAll('//', '/').slice(0, -1),
  ],
]
