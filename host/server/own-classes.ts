import { IncomingMessage, ServerResponse } from 'node:http'
import express, { type Express } from 'express'

export interface OwnClasses {
  readonly IncomingMessage: typeof IncomingMessage
  readonly ServerResponse: typeof ServerResponse
}

/** Message classes for `createServer` whose prototypes are `app.request` and `app.response`. Express sets both prototypes on every request; here
 *  they are set already, so that V8 keeps its fast objects (performance guide, row 2). One pair per app; never mount another app below it. */
export function ownClasses(app: Express): OwnClasses {
  class HouseIncomingMessage extends IncomingMessage {}
  class HouseServerResponse extends ServerResponse {}
  app.request = adopt(HouseIncomingMessage.prototype, express.request, app) as Express['request']
  app.response = adopt(HouseServerResponse.prototype, express.response, app) as Express['response']
  return { IncomingMessage: HouseIncomingMessage, ServerResponse: HouseServerResponse as typeof ServerResponse }
}

function adopt(prototype: object, from: object, app: Express): object {
  for (const key of Reflect.ownKeys(from)) {
    const property = Object.getOwnPropertyDescriptor(from, key)
    if (property) Object.defineProperty(prototype, key, { ...property, configurable: true })
  }
  return Object.defineProperty(prototype, 'app', { configurable: true, enumerable: true, writable: true, value: app })
}
