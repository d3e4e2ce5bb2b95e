#!/usr/bin/env node
import os = require('node:os')

// libuv reads it when its pool starts, and Node 20 reads an ES module through the pool: it has to be set before the first one is loaded. Password hashing
// and file access share the pool.
process.env['UV_THREADPOOL_SIZE'] ??= String(2 * os.availableParallelism() + 4)

// By default it opens a debugger, to which anybody on this machine can say anything (security guide 3.3).
process.on('SIGUSR1', () => {})

void import('./main.js')
