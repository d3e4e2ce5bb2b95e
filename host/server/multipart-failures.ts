import type { Readable } from 'node:stream'
import { MulterError } from 'multer'
import { invalid, RegistryError, tooLarge } from '#core'

export interface FieldInfo {
  readonly nameTruncated: boolean
  readonly valueTruncated: boolean
}
export interface FileInfo {
  readonly filename: string | undefined
}
/** The events of multer's parser that the house listens to. */
export interface BusboyEvents {
  on(event: 'field', listener: (name: string | undefined, value: string, info: FieldInfo) => void): this
  on(event: 'file', listener: (name: string | undefined, file: Readable, info: FileInfo) => void): this
  on(event: 'partsLimit' | 'filesLimit' | 'fieldsLimit', listener: () => void): this
}

/** What is wrong with a form, in the house's words. */
export const partFailures = {
  ofField(name: string | undefined, info: FieldInfo): RegistryError | undefined {
    if (name === undefined || name === '') return invalid('A field of the form has no name')
    if (info.nameTruncated || name.length > 200) return invalid('The name of a field is too long')
    if (info.valueTruncated) return tooLarge(`The field '${printable(name)}' is too long`)
    return undefined
  },
  ofFile(name: string | undefined, info: FileInfo): RegistryError | undefined {
    if (name === undefined || name === '') return invalid('A file of the form has no field name')
    if (info.filename === undefined || info.filename === '') return invalid(`The file '${printable(name)}' has no file name`)
    return undefined
  },
  fromParser(error: unknown): unknown {
    if (error instanceof RegistryError) return error
    if (error instanceof MulterError && /^LIMIT_(?:FILE|FIELD_VALUE|FIELD_COUNT|PART)/.test(error.code))
      return tooLarge('The form is too large', { cause: error })
    return invalid('The form is malformed or broken off', { cause: error })
  },
} as const

const printable = (name: string) => name.replace(/[^\x20-\x7e]/g, '?').slice(0, 100)
