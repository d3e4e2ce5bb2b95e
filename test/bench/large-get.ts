import { show } from './contest.js'
import { fileContest } from './file-contest.js'
import { startNginx } from './nginx.js'

/** GET of 10 MiB; nginx with and without sendfile. */
show([
  await fileContest({
    case: 'GET 10 MiB',
    bytes: 10 * 1024 ** 2,
    goals: [
      { against: 'nginx', by: 'answers', atLeast: 1.4 },
      { against: 'Verdaccio', by: 'answers', atLeast: 2.2 },
    ],
    beside: {
      'nginx without sendfile': (content) => startNginx({ 'file.bin': content }, 'sendfile off; output_buffers 2 256k;'),
    },
  }),
])
