import { type DestinationStream, type Logger as Pino, pino } from 'pino'
import type { Json } from './json.js'
import { LogOutput } from './log-output.js'
import type { LogFields, Logger } from './logger.js'

export type LogLevel = 'debug' | 'info' | 'warn' | 'error'

/** Names that lines may carry: facts of the house. A field of any other name is left out and only its name is told, so that no secret gets into the
 *  log by way of a new field (security guide 3.8). */
const allowed = new Set(
  `address algorithm attempt actor after audit batch blob blobs broken bytes capacity code connections count cursor days deleted depth driver event
   expected expires files folder format free from group host id index key kind left level limit listen lock member members message milliseconds method
   mount mutation name names node number operator organization organizations package partition path phase pid plugin plugins port queue reason
   repository requestId resumed retryAfter route routes scope seconds sequence service shard signal size state status store swept take to token tokens
   total tries uploads version worker workers`.split(/\s+/),
)
const longest = 500

export interface StandardErrorLog {
  readonly log: Logger
  flush(): void
  /** Whole lines of another process, as they stand. */
  relay(lines: string): void
}

/** Structured lines over pino: JSON with `time`, `level`, `event` and the fields that the list allows. */
export class PinoLogger implements Logger {
  readonly #pino: Pino

  private constructor(logger: Pino) {
    this.#pino = logger
  }

  static open(destination: DestinationStream, level: LogLevel = 'info'): PinoLogger {
    const formatters = { level: (label: string) => ({ level: label }) }
    const options = { level, base: null, messageKey: 'event', timestamp: pino.stdTimeFunctions.isoTime, formatters }
    return new PinoLogger(pino(options, destination))
  }

  /** Lines to standard error, written behind in blocks, a second late at most; `flush` before the process ends. A write for each line costs more than
   *  the request it tells of. */
  static standardError(level: LogLevel, fields: LogFields = {}): StandardErrorLog {
    const output = new LogOutput(2)
    // Also when an uncaught failure ends it: those lines tell why.
    process.on('exit', () => output.flush())
    return {
      log: PinoLogger.open(output, level).with(fields),
      flush: () => output.flush(),
      relay: (lines) => output.write(lines),
    }
  }

  debug(event: string, fields?: LogFields): void {
    if (this.#pino.isLevelEnabled('debug')) this.#pino.debug(allow(fields), event)
  }
  info(event: string, fields?: LogFields): void {
    if (this.#pino.isLevelEnabled('info')) this.#pino.info(allow(fields), event)
  }
  warn(event: string, fields?: LogFields): void {
    this.#pino.warn(allow(fields), event)
  }
  error(event: string, fields?: LogFields): void {
    this.#pino.error(allow(fields), event)
  }
  with(fields: LogFields): Logger {
    return new PinoLogger(this.#pino.child(allow(fields)))
  }
}

function allow(fields: LogFields = {}): Record<string, unknown> {
  const kept: Record<string, unknown> = {}
  const dropped: string[] = []
  for (const [name, value] of Object.entries(fields)) {
    if (name === 'cause') kept['cause'] = describe(value)
    else if (allowed.has(name)) kept[name] = bounded(value as Json)
    else dropped.push(name)
  }
  if (dropped.length > 0) kept['dropped'] = dropped
  return kept
}

function bounded(value: Json | undefined): unknown {
  if (typeof value === 'string') return value.length > longest ? `${value.slice(0, longest)}…` : value
  if (value === null || value === undefined || typeof value !== 'object') return value
  const text = JSON.stringify(value)
  return text.length > longest ? `${text.slice(0, longest)}…` : value
}

/** Errors by type, message and stack, with what caused them; a thrown thing of another kind by its type alone. */
function describe(cause: unknown, depth = 0): unknown {
  if (!(cause instanceof Error)) return { type: cause === null ? 'null' : typeof cause }
  const { code } = cause as NodeJS.ErrnoException
  return {
    type: cause.name,
    message: bounded(cause.message),
    ...(typeof code === 'string' ? { code } : {}),
    stack: cause.stack
      ?.split('\n')
      .slice(1, 12)
      .map((line) => line.trim()),
    ...(cause.cause === undefined || depth >= 3 ? {} : { cause: describe(cause.cause, depth + 1) }),
  }
}
