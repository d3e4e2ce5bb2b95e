import { spawn } from 'node:child_process'

export interface RunOptions {
  readonly cwd: string
  /** The whole environment, apart from what `cleanEnvironment` gives. */
  readonly env?: NodeJS.ProcessEnv
  readonly input?: string
  /** Milliseconds; default two minutes. */
  readonly timeout?: number
}
export interface Ran {
  readonly status: number
  readonly stdout: string
  readonly stderr: string
  /** Both, in no promised order: what its user saw. */
  readonly output: string
}

/** Runs a client to its end. A non-zero status is an answer, not an exception. */
export function run(command: string, args: readonly string[], options: RunOptions): Promise<Ran> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { cwd: options.cwd, env: options.env ?? process.env, stdio: ['pipe', 'pipe', 'pipe'] })
    let stdout = ''
    let stderr = ''
    const timer = setTimeout(() => child.kill('SIGKILL'), options.timeout ?? 120_000)
    child.stdout.on('data', (chunk: Buffer) => {
      stdout += chunk.toString('utf8')
    })
    child.stderr.on('data', (chunk: Buffer) => {
      stderr += chunk.toString('utf8')
    })
    child.on('error', (error) => {
      clearTimeout(timer)
      reject(error)
    })
    child.on('close', (code, signal) => {
      clearTimeout(timer)
      resolve({ status: code ?? (signal ? 137 : 1), stdout, stderr, output: stdout + stderr })
    })
    // A client that does not read its input is none of our business.
    child.stdin.on('error', () => {})
    child.stdin.end(options.input ?? '')
  })
}

/** The same, where anything but success fails the test, with what its user saw. */
export async function succeed(command: string, args: readonly string[], options: RunOptions): Promise<Ran> {
  const ran = await run(command, args, options)
  if (ran.status !== 0) throw new Error(`${command} ${args.join(' ')} ended with ${ran.status}:\n${ran.output}`)
  return ran
}

/** An environment in which no setting of whoever runs the tests can leak: a home of its own, the search path, the language. */
export function cleanEnvironment(home: string, more: NodeJS.ProcessEnv = {}): NodeJS.ProcessEnv {
  const { PATH, LANG, JAVA_HOME, TMPDIR } = process.env
  return {
    HOME: home,
    XDG_CACHE_HOME: `${home}/.cache`,
    XDG_CONFIG_HOME: `${home}/.config`,
    XDG_DATA_HOME: `${home}/.local/share`,
    LANG: LANG ?? 'C.UTF-8',
    CI: 'true',
    ...(PATH === undefined ? {} : { PATH }),
    ...(JAVA_HOME === undefined ? {} : { JAVA_HOME }),
    ...(TMPDIR === undefined ? {} : { TMPDIR }),
    ...more,
  }
}
