#!/usr/bin/env node
import { availableParallelism } from 'node:os'

// For password hashing and file access together. Read by libuv when its pool starts; where Node has read this very file by the pool (20 does), it
// is too late here, and only the environment of the process can say it.
process.env['UV_THREADPOOL_SIZE'] ??= String(2 * availableParallelism() + 4)

await import('reflect-metadata')
const { runCommand } = await import('./cli/command.js')
process.exitCode = await runCommand(process.argv.slice(2))
