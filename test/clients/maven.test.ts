import { withVersion } from './client-version.js'
import { mavenAtOnce } from './maven-at-once.js'
import { mavenFlow } from './maven-flow.js'
import { fetchedMaven, systemMaven } from './maven-tools.js'

mavenFlow(withVersion('Maven', 'mvn'), systemMaven)
mavenFlow('Maven 3.9.16', () => fetchedMaven('3.9.16'))
mavenAtOnce(withVersion('Maven', 'mvn'), systemMaven)
