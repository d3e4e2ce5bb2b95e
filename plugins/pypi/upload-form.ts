import { type DigestName, digestLength, type Form, type FormFile, invalid, tooLarge } from '#core'
import { attestationLimits } from './attestations.js'
import { checkMetadataVersion, checkName, checkVersion, metadataLimits } from './core-metadata.js'
import type { FileType } from './distribution-file.js'
import type { Version } from './version.js'

/** A form of the legacy upload interface after the checks of its shape. What it says beyond this is a copy of the file's own metadata. */
export interface UploadForm {
  readonly name: string
  readonly version: Version
  readonly type: FileType
  /** Lower-case hex; at least one. */
  readonly digests: Readonly<Partial<Record<DigestName, string>>>
  readonly content: FormFile
  /** Dependencies as the form has them; none where it does not say. */
  readonly requiresDist: readonly string[]
  /** JSON as it came (PEP 740). */
  readonly attestations?: string
}

/** The form asks for something that this interface stopped doing: 410. */
export class RetiredAction extends Error {}

/** What a form may cost (security guide 3.6): the file and a signature beside it; a description is the longest text. */
export const formLimits = { files: 2, fields: 400, fieldSize: metadataLimits.bytes } as const
const shortField = 64 * 1024
const longFields: ReadonlyMap<string, number> = new Map([
  ['description', metadataLimits.bytes],
  ['attestations', attestationLimits.bytes],
])

const retired = new Set(['submit', 'submit_pkg_info', 'doc_upload'])
const digestFields = [
  { field: 'md5_digest', name: 'md5', word: 'MD5' },
  { field: 'sha256_digest', name: 'sha256', word: 'SHA256' },
  { field: 'blake2_256_digest', name: 'blake2b256', word: 'BLAKE2' },
] as const
/** Text, whatever a client makes of it; a part with a file name is a file to the parser. */
const textFields = new Set([
  ...[':action', 'protocol_version', 'filetype', 'pyversion', 'metadata_version', 'name', 'version', 'comment', 'summary'],
  ...['description', 'description_content_type', 'keywords', 'home_page', 'download_url', 'author', 'author_email', 'license'],
  ...['maintainer', 'maintainer_email', 'license_expression', 'requires_python', 'classifiers', 'project_urls', 'attestations'],
  ...['requires_dist', 'requires_external', 'provides_dist', 'obsoletes_dist', 'provides_extra', 'provides_extras', 'dynamic'],
  ...['platform', 'supported_platform', 'license_file', 'license_files', 'requires', 'provides', 'obsoletes'],
  ...['import_name', 'import_names', 'import_namespace', 'import_namespaces', ...digestFields.map(({ field }) => field)],
])

/** Fields come in any order: everything is judged once all of it is here (PyPI dossier 8.1, 8.2). Throws `invalid`, and RetiredAction. */
export function readUploadForm(form: Form, query: URLSearchParams): UploadForm {
  checkText(form)
  const field = (name: string) => form.fields.get(name)?.find((value) => value !== '' && value !== 'UNKNOWN')
  checkAction(field(':action') ?? query.get(':action') ?? undefined)
  const protocol = field('protocol_version')
  if (protocol !== undefined && protocol !== '1') throw invalid('Unknown protocol version.')
  const content = contentOf(form)
  // the file's own metadata counts; a client may say another version of the format than the file does, or none
  const metadataVersion = field('metadata_version')
  if (metadataVersion !== undefined) checkMetadataVersion(metadataVersion)
  const name = checkName(field('name'))
  const version = checkVersion(field('version'))
  const type = field('filetype')
  if (type !== 'sdist' && type !== 'bdist_wheel') throw invalid('Invalid value for filetype. Error: Use a known file type.')
  const python = field('pyversion')
  if (type === 'sdist' && python !== undefined && python !== 'source') {
    throw invalid("Invalid value for pyversion. Error: Use 'source' as Python version for an sdist.")
  }
  const attestations = field('attestations')
  const requiresDist = (form.fields.get('requires_dist') ?? []).filter((value) => value !== '' && value !== 'UNKNOWN')
  const told = attestations === undefined ? {} : { attestations }
  return { name, version, type, digests: digestsOf(field), content, requiresDist, ...told }
}

function checkText(form: Form): void {
  for (const [name, values] of form.fields) {
    for (const value of values) {
      if (value.includes('\0')) throw invalid(`${name}: NUL characters are not allowed.`)
      const most = longFields.get(name) ?? shortField
      if (Buffer.byteLength(value) > most) throw tooLarge(`${name}: at most ${most} bytes are allowed.`)
    }
  }
  for (const { field } of form.files) if (textFields.has(field)) throw invalid(`${field}: Should not be a tuple.`)
}

function checkAction(action: string | undefined): void {
  if (action === 'file_upload') return
  if (action !== undefined && retired.has(action)) throw new RetiredAction(action)
  throw invalid(`Invalid value for :action. Error: Use 'file_upload'.`)
}

function contentOf(form: Form): FormFile {
  const [content, ...others] = form.files.filter(({ field }) => field === 'content')
  if (!content) throw invalid('Upload payload does not have a file.')
  if (others.length > 0) throw invalid('content: Only one file may be uploaded at a time.')
  if (content.contentType?.toLowerCase().startsWith('image/'))
    throw invalid('Invalid distribution file. It is said to be an image')
  return content
}

function digestsOf(field: (name: string) => string | undefined): UploadForm['digests'] {
  const digests: Partial<Record<DigestName, string>> = {}
  for (const { field: name, name: digest, word } of digestFields) {
    const value = field(name)?.toLowerCase()
    if (value === undefined) continue
    if (value.length !== digestLength[digest] || !/^[0-9a-f]*$/.test(value)) {
      throw invalid(`Invalid value for ${name}. Error: Use a valid, hex-encoded, ${word} message digest.`)
    }
    digests[digest] = value
  }
  if (Object.keys(digests).length === 0) throw invalid('Include at least one message digest.')
  return digests
}
