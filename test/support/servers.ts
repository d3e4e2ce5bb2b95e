import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { NotToBeHad } from '../clients/client-cache.js'
import { pythonTools } from '../clients/python-tools.js'

/** One process that speaks S3 and DynamoDB: a server of its own making, not ours. */
const release = 'ministack==1.5.33'

// As the house itself does where it loads the SDK.
process.env['AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED'] ??= 'true'

export const cloudCredentials = { accessKeyId: 'test', secretAccessKey: 'testsecret' }
export const cloudRegion = 'us-east-1'

/** The credentials as the SDK's own chain finds them: for `process.env` and for the environment of a process. */
export const cloudEnvironment: Readonly<Record<string, string>> = {
  AWS_ACCESS_KEY_ID: cloudCredentials.accessKeyId,
  AWS_SECRET_ACCESS_KEY: cloudCredentials.secretAccessKey,
  // Nothing of whoever runs the tests leaks in, and nobody asks a cloud's own machine for credentials.
  AWS_EC2_METADATA_DISABLED: 'true',
  AWS_CONFIG_FILE: '/dev/null',
  AWS_SHARED_CREDENTIALS_FILE: '/dev/null',
}

/** Ends the server when its standard input ends: also when whoever started it was killed. */
const watched = '"$@" </dev/null & pid=$!; (cat >/dev/null; kill "$pid") <&3 & wait "$pid"'

/** A real server of both services on loopback, with everything in memory. Credentials it does not know are refused. */
export class CloudServers {
  private constructor(
    /** 'http://127.0.0.1:PORT', of both services. S3 by path style. */
    readonly endpoint: string,
    private readonly child: ChildProcess,
    private readonly folder: string,
  ) {}

  /** Installs it where it is not there yet. Throws `NotToBeHad`. */
  static async start(): Promise<CloudServers> {
    const bin = await pythonTools('ministack', [release])
    const folder = mkdtempSync(join(tmpdir(), 'cloudrepo-servers-'))
    process.once('exit', () => rmSync(folder, { recursive: true, force: true }))
    for (let attempt = 1; ; attempt++) {
      const port = await freePort()
      const servers = new CloudServers(`http://127.0.0.1:${port}`, launch(join(bin, 'ministack'), port, folder), folder)
      if (await servers.#ready()) return servers
      // Another process may have been given the port between our asking and the server's taking it.
      if (attempt === 3)
        throw new NotToBeHad(`${release} does not start: ${readFileSync(join(folder, 'log'), 'utf8').slice(-400)}`)
    }
  }

  get running(): boolean {
    return this.child.exitCode === null && this.child.signalCode === null
  }

  /** What a house is told of them, and its processes' credentials. */
  settings(bucket: string, table: string): Readonly<Record<string, string>> {
    return {
      ...cloudEnvironment,
      CLOUDREPO_BLOBS: 's3',
      CLOUDREPO_S3_BUCKET: bucket,
      CLOUDREPO_S3_ENDPOINT: this.endpoint,
      CLOUDREPO_S3_REGION: cloudRegion,
      CLOUDREPO_S3_PATH_STYLE: 'on',
      CLOUDREPO_METADATA: 'dynamodb',
      CLOUDREPO_DYNAMODB_TABLE: table,
      CLOUDREPO_DYNAMODB_ENDPOINT: this.endpoint,
      CLOUDREPO_DYNAMODB_REGION: cloudRegion,
    }
  }

  /** Every bucket and table is gone. Not where several suites share the servers: those take names of their own. */
  async reset(): Promise<void> {
    const { ok, status } = await fetch(`${this.endpoint}/_ministack/reset`, { method: 'POST' })
    if (!ok) throw new Error(`The servers are not reset: ${status}`)
  }

  async stop(): Promise<void> {
    if (this.running) {
      const gone = new Promise((resolve) => this.child.once('exit', resolve))
      this.child.ref()
      this.child.stdio[3]?.destroy()
      await gone
    }
    rmSync(this.folder, { recursive: true, force: true })
  }

  async #ready(): Promise<boolean> {
    for (const until = Date.now() + 60_000; this.running && Date.now() < until; await pause(50)) {
      const answer = await fetch(`${this.endpoint}/_ministack/health`).catch(() => undefined)
      await answer?.arrayBuffer()
      if (answer?.ok && this.running) return true
    }
    return false
  }
}

let shared: Promise<CloudServers> | undefined

/** The same servers for all suites of this process, started when first asked for, gone with the process. */
export function cloudServers(): Promise<CloudServers> {
  shared ??= CloudServers.start()
  return shared
}

function launch(program: string, port: number, folder: string): ChildProcess {
  const log = openSync(join(folder, 'log'), 'a')
  const child = spawn('sh', ['-c', watched, 'sh', program], {
    cwd: folder,
    stdio: ['ignore', log, log, 'pipe'],
    env: {
      ...cloudEnvironment,
      PATH: process.env['PATH'],
      HOME: folder,
      AUTH: 'true',
      // All interfaces otherwise.
      BIND_HOST: '127.0.0.1',
      GATEWAY_PORT: String(port),
      SERVICES: 's3,dynamodb',
      LOG_LEVEL: 'WARNING',
    },
  })
  child.unref()
  // The pipe holds no process back either.
  const leash = child.stdio[3] as { unref?(): void } | null | undefined
  leash?.unref?.()
  return child
}

async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((listening, fail) => {
    server.once('error', fail)
    server.listen(0, '127.0.0.1', listening)
  })
  const address = server.address()
  await new Promise((closed) => server.close(closed))
  if (address === null || typeof address === 'string') throw new Error('No port is free')
  return address.port
}
