import { testWorkers } from '../clients/server.js'
import { startBareNode } from './bare-node.js'
import { show } from './contest.js'
import { fileContest } from './file-contest.js'

/** GET of 1 KiB: what a request costs; Node's own HTTP with nothing behind it. */
const one = testWorkers === '1'
show([
  await fileContest({
    case: 'GET 1 KiB',
    bytes: 1_024,
    goals: [
      { against: 'nginx', by: 'answers', atLeast: one ? 0.25 : 0.35 },
      { against: 'Verdaccio', by: 'answers', atLeast: one ? 10 : 15 },
    ],
    beside: { 'node:http, nothing behind it': (content) => startBareNode(content.length) },
  }),
])
