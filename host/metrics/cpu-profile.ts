import { Session } from 'node:inspector/promises'

let running = false

/** Where this process spends its time, as JSON for the developer tools. One at a time: throws while another is taken. */
export async function takeCpuProfile(milliseconds: number): Promise<string> {
  if (running) throw new Error('A profile is being taken already')
  running = true
  const session = new Session()
  session.connect()
  try {
    await session.post('Profiler.enable')
    await session.post('Profiler.start')
    await new Promise((resolve) => setTimeout(resolve, milliseconds))
    const { profile } = await session.post('Profiler.stop')
    return JSON.stringify(profile)
  } finally {
    session.disconnect()
    running = false
  }
}
