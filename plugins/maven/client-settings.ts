/** Lines for each client's own settings: Maven's settings.xml and pom.xml, Gradle's build script. */
export function clientSettings({ name, url }: { readonly name: string; readonly url: URL }) {
  return [
    {
      client: 'Maven, in ~/.m2/settings.xml',
      text: `<server><id>${name}</id><username>NAME</username><password>PASSWORD OR TOKEN</password></server>`,
    },
    {
      client: 'Maven, in pom.xml',
      text: [
        '<distributionManagement>',
        `  <repository><id>${name}</id><url>${url.href}</url></repository>`,
        `  <snapshotRepository><id>${name}</id><url>${url.href}</url></snapshotRepository>`,
        '</distributionManagement>',
        `<repositories><repository><id>${name}</id><url>${url.href}</url></repository></repositories>`,
      ].join('\n'),
    },
    {
      client: 'Gradle, in build.gradle',
      text: [
        'repositories { maven {',
        `  url = '${url.href}'`,
        ...(url.protocol === 'http:' ? ['  allowInsecureProtocol = true'] : []),
        "  credentials { username = 'NAME'; password = System.getenv('REPO_TOKEN') }",
        '} }',
      ].join('\n'),
    },
  ]
}
