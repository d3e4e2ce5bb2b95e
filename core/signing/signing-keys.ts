import { createHash, createPrivateKey, generateKeyPairSync, type KeyObject, sign } from 'node:crypto'
import { promisify } from 'node:util'
import { inject, injectable } from 'tsyringe'
import type { LogEntry } from '../audit/log-row.js'
import { conflict, notFound } from '../errors/registry-error.js'
import { BoundedMap } from '../runtime/bounded-map.js'
import { Clock } from '../runtime/clock.js'
import { OrganizationKeys } from '../storage/encryption/keys.js'
import { MetadataStore } from '../storage/metadata-store.js'
import { tenantKeys } from '../storage/tenant-keys.js'
import { OrganizationChange, untilSettled } from '../tenancy/organization-change.js'
import { organizationValue, readOrganization } from '../tenancy/organization-rows.js'
import type { Rotation, Signature } from './signatures.js'
import { readSigningKeys, type StoredSigningKey, secretName, signingAt, signingKeysValue } from './signing-rows.js'

const signed = promisify(sign)
/** An old key is needed for as long as anything carries its signature. */
const keysAtMost = 64
/** Milliseconds for which an opened key is used, as the keys that wrap it are: a destroyed one is noticed as early. */
const openedFor = 60_000

type Told = (action: string, keyid: string) => LogEntry

/** The keys that organizations sign with: public halves in a row, private ones in it wrapped, opened in memory alone. */
@injectable()
export class SigningKeys {
  private readonly opened = new BoundedMap<string, { readonly key: KeyObject; readonly at: number }>(1_000)

  constructor(
    @inject(MetadataStore) private readonly store: MetadataStore,
    @inject(OrganizationKeys) private readonly keys: OrganizationKeys,
    @inject(Clock) private readonly clock: Clock,
  ) {}

  async list(org: string): Promise<readonly StoredSigningKey[]> {
    return readSigningKeys(await this.store.get(tenantKeys.signing(org)))
  }

  /** Read anew for every call, so that no process signs by a key that another one has replaced. */
  async sign(org: string, texts: readonly string[]): Promise<readonly Signature[]> {
    const current = signingAt(await this.list(org), this.clock.now())
    if (current === undefined) return []
    const key = await this.open(org, current)
    return Promise.all(
      texts.map(async (text) => ({
        keyid: current.keyid,
        sig: (await signed('sha256', Buffer.from(text), { key, dsaEncoding: 'der' })).toString('base64'),
      })),
    )
  }

  /** The first key, unless somebody was faster. */
  async create(org: string, told: Told): Promise<void> {
    await this.change(org, told, 'signing.create', (keys, fresh) => ({
      keys: keys.length > 0 ? keys : [fresh(this.clock.now())],
    }))
  }

  /** Throws `conflict` while a new key is listed that does not sign yet. */
  async rotate(org: string, { overlapSeconds, revoke }: Rotation, told: Told): Promise<readonly StoredSigningKey[]> {
    return this.change(org, told, revoke ? 'signing.revoke' : 'signing.rotate', (keys, fresh) => {
      const now = this.clock.now()
      if (revoke) return { keys: [fresh(now)], anew: true }
      const last = keys.at(-1)
      if (last !== undefined && last.signsFrom > now)
        throw conflict(`A new key is listed already; it signs from ${last.signsFrom.toISOString()} on`)
      if (keys.length >= keysAtMost) throw conflict(`There are ${keysAtMost} keys already: revoke the old ones first`)
      // The first key has nobody to announce it to.
      const signsFrom = last === undefined ? now : new Date(now.getTime() + overlapSeconds * 1000)
      const ended = keys.map((key) => (key === last ? { ...key, expiresAt: signsFrom } : key))
      return { keys: [...ended, fresh(signsFrom)] }
    })
  }

  private async change(
    org: string,
    told: Told,
    action: string,
    decide: (
      before: readonly StoredSigningKey[],
      fresh: (signsFrom: Date) => StoredSigningKey,
    ) => { readonly keys: readonly StoredSigningKey[]; readonly anew?: boolean },
  ): Promise<readonly StoredSigningKey[]> {
    const made = await this.generate(org)
    return untilSettled(async () => {
      const [row, entry] = await Promise.all([
        this.store.get(tenantKeys.signing(org)),
        this.store.get(tenantKeys.organization(org)),
      ])
      if (entry === undefined) throw notFound('organization', org)
      const before = readSigningKeys(row)
      const { keys, anew = false } = decide(before, (signsFrom) => ({ ...made, createdAt: this.clock.now(), signsFrom }))
      if (keys === before) return before
      const change = new OrganizationChange(this.store, org, told(action, made.keyid))
      change.put(tenantKeys.signing(org), signingKeysValue(keys), row === undefined ? 'absent' : { revision: row.revision })
      if (anew || before.length === 0) {
        const organization = readOrganization(entry)
        const value = organizationValue({ ...organization, signingEpoch: (organization.signingEpoch ?? 0) + 1 })
        change.put(entry.key, value, { revision: entry.revision })
      }
      await change.commit()
      return keys
    })
  }

  private async generate(org: string): Promise<Pick<StoredSigningKey, 'keyid' | 'spki' | 'wrapped'>> {
    const pair = generateKeyPairSync('ec', {
      namedCurve: 'P-256',
      publicKeyEncoding: { type: 'spki', format: 'der' },
      privateKeyEncoding: { type: 'pkcs8', format: 'der' },
    })
    const keyid = `SHA256:${createHash('sha256').update(pair.publicKey).digest('base64').replace(/=+$/, '')}`
    const wrapped = await this.keys.wrap(org, 'secret', secretName(keyid), pair.privateKey)
    return { keyid, spki: pair.publicKey.toString('base64'), wrapped }
  }

  private async open(org: string, { keyid, wrapped }: StoredSigningKey): Promise<KeyObject> {
    const id = `${org} ${wrapped.v} ${wrapped.k}`
    const now = this.clock.monotonic()
    const held = this.opened.get(id)
    if (held !== undefined && now - held.at < openedFor) return held.key
    const der = Buffer.from(await this.keys.unwrap(org, 'secret', secretName(keyid), wrapped))
    const key = createPrivateKey({ key: der, format: 'der', type: 'pkcs8' })
    this.opened.set(id, { key, at: now })
    return key
  }
}
