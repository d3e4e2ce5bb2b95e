/** Where the links in mails lead: never to what a request calls its `Host`. Without an address of its own the house sends no mail. */
export class MailLinks {
  private base: URL | undefined

  constructor(publicUrl?: URL) {
    this.base = publicUrl
  }

  /** Where the house listens, if that is loopback: counts where no public address is set. */
  listensAt(url: URL): void {
    this.base ??= url
  }

  get known(): boolean {
    return this.base !== undefined
  }

  /** A page of the house with a secret behind '#', which no server log and no Referer carries. Throws where no address is known. */
  page(organization: string, page: string, secret: string): string {
    if (this.base === undefined) throw new Error('The house does not know its own address')
    return `${this.base.href.replace(/\/$/, '')}/-/ui/${organization}/${page}#t=${secret}`
  }
}
