import { organizationName, repositoryName, z } from '#core'

/** Names as they are described; the kernel checks them and words the refusal. */
export const organizationNameShape = z.string().meta({ pattern: organizationName.source, examples: ['acme'] })
export const repositoryNameShape = z.string().meta({ pattern: repositoryName.source, examples: ['releases'] })

const scope = '^(repo:(\\*|[a-z0-9_]{1,64}):(read|write|delete)|org:read|audit:read)$'
export const scopeShape = z.string().meta({ pattern: scope, examples: ['repo:*:read'] })
export const memberNameShape = z
  .string()
  .meta({ minLength: 1, maxLength: 254, pattern: '^[^\\s:]([^:]*[^\\s:])?$', examples: ['alice'] })
export const emailShape = z.string().meta({ maxLength: 254, pattern: '^[^\\s@]+@[^\\s@]+$', examples: ['alice@acme.example'] })
export const displayNameShape = z
  .string()
  .max(256)
  .meta({ minLength: 1, pattern: '^[^\\u0000-\\u001f\\u007f-\\u009f]+$', examples: ['Acme Ltd'] })
export const groupNameShape = z.string().meta({ minLength: 1, maxLength: 400, examples: ['builders'] })
