/** A client that no run has, and why: printed below every run's table, so that what is not tested is not taken for tested. */
export interface NotHad {
  readonly client: string
  readonly reason: string
}

/** Each was tried with what a machine with package registries, and nothing else, can install. */
export const notHad: readonly NotHad[] = [
  {
    client: 'Gradle by its own command line, 5 and newer',
    reason:
      'no registry has a whole distribution (Debian stays at 4.4.1); its build runs from the jar of its classes instead, without compilers',
  },
  { client: 'Gradle 4.4.1, publishing', reason: "Debian's build has no transporters: 'No transporter factories registered'" },
  { client: 'Mill', reason: 'neither jar nor POM of its distribution is served' },
  {
    client: 'twine 7.0.0, --skip-existing',
    reason: 'refuses the option for any index but the public ones, before it sends anything; 5.1.1 is tested with it',
  },
  { client: 'release-it 20.2.1', reason: 'ends at its own limit of ten seconds, before it publishes' },
]
