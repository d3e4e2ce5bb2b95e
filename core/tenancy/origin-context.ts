/** A token minted for a CI job. */
export interface ExchangedToken {
  readonly token: string
  readonly expiresAt: Date
}

/** No tenant in the address: all it can do is find the publishers that match a signed token and mint what they allow. */
export interface OriginContext {
  exchange(identityToken: string, audience: string, pkg?: string): Promise<ExchangedToken>
}
