/** The prefix that `mvn prefix:goal` finds a plugin by, from its artifactId: 'maven-x-plugin' and 'x-maven-plugin' are 'x'. */
export function goalPrefix(artifactId: string): string {
  if (artifactId === 'maven-plugin-plugin') return 'plugin'
  return artifactId.replace(/-?maven-?/, '').replace(/-?plugin-?/, '') || artifactId
}
