/** The face for whoever composes a house. */
export * from './index.js'
export type { HouseRequest } from './request/house-request.js'
export { SystemClock } from './runtime/clock.js'
export { silentLogger } from './runtime/logger.js'
export type { LogLevel } from './runtime/pino-logger.js'
export { PinoLogger } from './runtime/pino-logger.js'
