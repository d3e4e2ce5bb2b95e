import { get } from 'node:http'

/** The body of a GET as it came over the wire, compressed or not. Rejects anything but 200. */
export function wireBody(url: string, headers: Readonly<Record<string, string>>): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const sent = get(url, { headers, agent: false }, (answer) => {
      const chunks: Buffer[] = []
      answer.on('data', (chunk: Buffer) => chunks.push(chunk))
      answer.on('error', reject)
      answer.on('end', () =>
        answer.statusCode === 200 ? resolve(Buffer.concat(chunks)) : reject(new Error(`${url} answered ${answer.statusCode}`)),
      )
    })
    sent.on('error', reject)
  })
}
