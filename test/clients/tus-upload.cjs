// One upload by tus-js-client, in a process of its own: `node tus-upload.cjs MODULES ENDPOINT AUTHORIZATION FILE PATH OPTIONS`.
// `dieAt` ends the process as a power cut would, once so many bytes are acknowledged.
const { createReadStream } = require('node:fs')
const { createRequire } = require('node:module')
const [modules, endpoint, authorization, file, path, options] = process.argv.slice(2)
const tus = createRequire(`${modules}/`)('tus-js-client')
const { dieAt = Number.POSITIVE_INFINITY, resume = false, ...settings } = JSON.parse(options)

const upload = new tus.Upload(createReadStream(file), {
  endpoint,
  headers: { Authorization: authorization },
  metadata: { path, filetype: 'text/csv' },
  urlStorage: new tus.FileUrlStorage(`${file}.uploads`),
  fingerprint: () => Promise.resolve(`${file} to ${path}`),
  retryDelays: [0, 200, 500, 1000, 2000, 4000],
  ...settings,
  onChunkComplete: (_size, accepted) => {
    if (accepted >= dieAt) process.exit(99)
  },
  onError: (error) => {
    console.error(String(error))
    process.exit(1)
  },
  onSuccess: () => console.log(`done ${upload.url}`),
})
async function start() {
  const [previous] = resume ? await upload.findPreviousUploads() : []
  if (resume && previous === undefined) throw new Error('nothing to go on with')
  if (previous !== undefined) upload.resumeFromPreviousUpload(previous)
  upload.start()
}
start()
