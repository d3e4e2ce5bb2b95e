import 'reflect-metadata'
import { runCommand } from './cli/command.js'

process.exitCode = await runCommand(process.argv.slice(2))
