#!/usr/bin/env node
import { availableParallelism } from 'node:os'

// Read by libuv when its pool starts: password hashing and file access share it. Nothing that starts the pool is imported above.
process.env['UV_THREADPOOL_SIZE'] ??= String(2 * availableParallelism() + 4)

await import('reflect-metadata')
const { runCommand } = await import('./cli/command.js')
process.exitCode = await runCommand(process.argv.slice(2))
