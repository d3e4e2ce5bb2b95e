import { request } from 'node:http'
import { Server } from '../clients/server.js'

/** A resumable upload (tus) of many GiB: the time its bytes take, and that from its last byte to the answer, when the upload has become a file. */
const bytes = Math.round(Number(process.env['BENCH_GIB'] ?? 4.5) * 2 ** 30)
const block = Buffer.alloc(1024 * 1024, 'some bytes of a large file ')

const server = await Server.start({}, undefined, process.env['BENCH_SERVER'])
try {
  const { token } = await server.target('raw')
  const headers = { authorization: `Bearer ${token}`, 'tus-resumable': '1.0.0' }
  const path = Buffer.from('large.bin').toString('base64')
  const made = await fetch(`${server.url}/main/raw/-/tus/`, {
    method: 'POST',
    headers: { ...headers, 'upload-length': String(bytes), 'upload-metadata': `path ${path}` },
  })
  const upload = made.headers.get('location') ?? ''
  const patch = async (offset: number, size: number) => {
    const began = performance.now()
    const status = await new Promise<number | undefined>((resolve, reject) => {
      const sent = request(
        upload,
        {
          method: 'PATCH',
          headers: {
            ...headers,
            'content-type': 'application/offset+octet-stream',
            'upload-offset': String(offset),
            'content-length': size,
          },
        },
        (answer) => answer.resume().once('end', () => resolve(answer.statusCode)),
      ).once('error', reject)
      let left = size
      const send = () => {
        for (let room = true; room && left > 0; left -= block.length)
          room = sent.write(left < block.length ? block.subarray(0, left) : block)
        if (left > 0) sent.once('drain', send)
        else sent.end()
      }
      send()
    })
    if (status !== 204) throw new Error(`PATCH was answered ${status}`)
    return (performance.now() - began) / 1000
  }
  const received = await patch(0, bytes - 1)
  const joined = await patch(bytes - 1, 1)
  console.log(JSON.stringify({ bytes, receivedSeconds: received.toFixed(1), joinSeconds: joined.toFixed(2) }))
} finally {
  await server.stop()
}
