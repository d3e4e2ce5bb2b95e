/** How mail goes out, as `CLOUDREPO_MAIL_URL` says it. */
export type MailRoute =
  | {
      readonly kind: 'smtp'
      readonly host: string
      readonly port: number
      /** 'immediate': smtps. 'required': STARTTLS, or nothing is sent. 'offered': used where the server has it. */
      readonly tls: 'immediate' | 'required' | 'offered'
      readonly login?: { readonly user: string; readonly password: string }
    }
  | { readonly kind: 'file'; readonly folder: string }
  | { readonly kind: 'console' }

const form = 'smtp://user:password@host:port, smtps://…, file:FOLDER or console: is expected'

/** Throws with a message that names no part of the text, which may hold a password. A server elsewhere has to offer TLS, unless `?tls=off` says that the
 *  way there is trusted. */
export function parseMailUrl(text: string): MailRoute {
  if (text === 'console:') return { kind: 'console' }
  if (text.startsWith('file:')) {
    const folder = text.slice('file:'.length).replace(/^\/\/(?=\/)/, '')
    if (folder === '' || folder.startsWith('//') || folder.includes('\0')) throw new Error(form)
    return { kind: 'file', folder }
  }
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (!url || !/^smtps?:$/.test(url.protocol) || url.hostname === '' || !/^\/?$/.test(url.pathname) || url.hash !== '')
    throw new Error(form)
  const unsafe = url.search === '?tls=off'
  if (url.search !== '' && (!unsafe || url.protocol === 'smtps:')) throw new Error(form)
  if ((url.username === '') !== (url.password === '')) throw new Error(form)
  const immediate = url.protocol === 'smtps:'
  const host = url.hostname.replace(/^\[(.*)\]$/, '$1')
  const login =
    url.username === '' ? {} : { login: { user: decodeURIComponent(url.username), password: decodeURIComponent(url.password) } }
  const near = /^(localhost|127\.\d+\.\d+\.\d+|::1)$/.test(host)
  return {
    kind: 'smtp',
    host,
    port: url.port === '' ? (immediate ? 465 : 587) : Number(url.port),
    tls: immediate ? 'immediate' : unsafe || near ? 'offered' : 'required',
    ...login,
  }
}
