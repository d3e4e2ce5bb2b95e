import type { ChildProcess } from 'node:child_process'

interface Handle {
  close(): void
}
interface ClusterMessage {
  readonly cmd?: string
  readonly act?: string
  readonly seq?: number
  readonly ack?: number
}

/** node:cluster keeps a connection open that it was handing to a worker when that died: its client would wait for ever. Here it is closed with the
 *  worker, and the client tries again. Known by the messages between the two, of which a test with killed workers sees to it that they stay so. */
export function closeUnhanded(worker: ChildProcess): void {
  const handed = new Map<number, Handle>()
  const send = worker.send.bind(worker) as (...words: unknown[]) => boolean
  worker.send = (...words: unknown[]) => {
    const [{ cmd, act, seq }, handle] = words as [ClusterMessage, Handle | undefined]
    if (cmd === 'NODE_CLUSTER' && act === 'newconn' && seq !== undefined && handle) handed.set(seq, handle)
    return send(...words)
  }
  const settle = (message: ClusterMessage) => {
    if (message.cmd === 'NODE_CLUSTER' && message.ack !== undefined) handed.delete(message.ack)
  }
  worker.on('internalMessage' as 'message', settle as never)
  worker.once('exit', () => {
    for (const handle of handed.values()) handle.close()
    handed.clear()
  })
}
