#!/usr/bin/env node
import os = require('node:os')
import v8 = require('node:v8')

// libuv reads it when its pool starts, and Node 20 reads an ES module through the pool: it has to be set before the first one is loaded. Password hashing
// and file access share the pool.
process.env['UV_THREADPOOL_SIZE'] ??= String(2 * os.availableParallelism() + 4)

// By default it opens a debugger, to which anybody on this machine can say anything (security guide 3.3).
process.on('SIGUSR1', () => {})

// Until the house serves (young-generation.ts).
v8.setFlagsFromString('--semi-space-growth-factor=1')

void import('./main.js')
