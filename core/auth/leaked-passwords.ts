/** Passwords that are known to have leaked somewhere, as a list that an operator gives. */
export interface LeakedPasswords {
  /** By SHA-1 of its UTF-8, upper-case hex. Throws where the list cannot be read. */
  has(sha1: string): Promise<boolean>
  /** By the kernel, when it goes down. */
  close?(): Promise<void>
}
export const LeakedPasswords = Symbol('LeakedPasswords')

/** Where no list is given. */
export const noneLeaked: LeakedPasswords = { has: async () => false }
