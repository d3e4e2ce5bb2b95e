/** A data key as a row carries it: which version of the organization's key wrapped it, and base64 of nonce ‖ ciphertext ‖ tag. */
export type WrappedKey = { readonly v: number; readonly k: string }

/** What a key is for; part of the authenticated data, with organization, object id and key version (security guide 2.1). */
export type KeyPurpose = 'blob' | 'secret'

/** The keys of organizations, in a store of their own, wrapped by the root key. */
export interface OrganizationKeys {
  /** Makes the first version where there is none; called once when an organization is made. */
  create(organizationId: string): Promise<void>
  /** By the current version. */
  wrap(organizationId: string, purpose: KeyPurpose, objectId: string, key: Uint8Array): Promise<WrappedKey>
  /** Throws `unavailable` where the organization's key is out of reach or gone, `internal` where the wrapped key is not of this object. */
  unwrap(organizationId: string, purpose: KeyPurpose, objectId: string, wrapped: WrappedKey): Promise<Uint8Array>
  /** Destroys every version: nothing of the organization can be opened again. */
  destroy(organizationId: string): Promise<void>
}
export const OrganizationKeys = Symbol('OrganizationKeys')
