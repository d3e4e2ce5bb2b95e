// Runs several commands beside each other, as many at once as the machine has processors (two at most: a test that is held to a time shares them with one
// other alone). What each says is shown whole when it ends, under its title.
import { spawn } from 'node:child_process'
import { existsSync, readFileSync, rmSync } from 'node:fs'
import { availableParallelism } from 'node:os'

const atOnce = Math.min(2, availableParallelism())

/** `jobs`: { title, command, args, env }. Answers { title, sound, seconds } of each, in their order. */
export async function runLanes(jobs, cwd) {
  const results = []
  let next = 0
  const lane = async () => {
    for (let place = next++; place < jobs.length; place = next++) {
      const began = Date.now()
      const sound = await run(jobs[place], cwd, jobs.length === 1)
      results[place] = { title: jobs[place].title, sound, seconds: Math.round((Date.now() - began) / 1000) }
    }
  }
  await Promise.all(Array.from({ length: atOnce }, lane))
  return results
}

function run({ title, command, args, env }, cwd, alone) {
  if (!alone) console.log(`… ${title}`)
  const child = spawn(command, args, {
    cwd,
    env: { ...process.env, ...env },
    stdio: alone ? 'inherit' : ['ignore', 'pipe', 'pipe'],
  })
  const said = []
  child.stdout?.on('data', (chunk) => said.push(chunk))
  child.stderr?.on('data', (chunk) => said.push(chunk))
  return new Promise((resolve, reject) => {
    child.on('error', reject)
    child.on('close', (status) => {
      if (!alone) process.stdout.write(`\n── ${title} ${'─'.repeat(Math.max(0, 60 - title.length))}\n${Buffer.concat(said)}\n`)
      resolve(status === 0)
    })
  })
}

/** The lines that runs left in a file of counts, which is taken away. */
export function countedLines(file) {
  if (!existsSync(file)) return []
  const lines = readFileSync(file, 'utf8').trim().split('\n')
  rmSync(file)
  return lines
}

/** The sums of all runs. */
export function totals(lines) {
  const counts = lines.map((line) => JSON.parse(line))
  return {
    passes: counts.reduce((sum, { passes }) => sum + passes, 0),
    failures: counts.reduce((sum, { failures }) => sum + failures, 0),
  }
}
