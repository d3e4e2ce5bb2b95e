/** Starts a clock that counts what this process works, all its threads together: how busy the machine is does not move it. Answers milliseconds. */
export function processorTime(): () => number {
  const begun = process.cpuUsage()
  return () => {
    const { user, system } = process.cpuUsage(begun)
    return (user + system) / 1_000
  }
}
