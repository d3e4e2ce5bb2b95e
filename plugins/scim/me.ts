import { type Method, type OrganizationContext, organizationRoute, RegistryError, type Route } from '#core'

const methods: readonly Method[] = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE']

/** RFC 7644 section 3.11: the token of an identity provider is nobody's, so that there is no resource to answer with: 501. */
export const meRoutes: readonly Route<OrganizationContext>[] = methods.map((method) =>
  organizationRoute({
    method,
    path: '/v2/Me',
    permission: 'members.manage',
    rate: 'scim',
    async handle() {
      throw new RegistryError('internal', 'A token of an identity provider belongs to no user: there is no /Me', {
        detail: { code: 'not-implemented' },
      })
    },
  }),
)
