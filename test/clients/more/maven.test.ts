import { mavenFlow } from '../maven-flow.js'
import { fetchedMaven } from '../maven-tools.js'

for (const version of ['3.6.3', '3.10.0', '4.0.0-rc-5']) mavenFlow(`Maven ${version}`, () => fetchedMaven(version))
