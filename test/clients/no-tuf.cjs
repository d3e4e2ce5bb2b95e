// `npm audit signatures` first asks the public Sigstore mirror whether it knows the keys of a registry, which takes the Internet and knows none but
// the public one's. This answers for the mirror, "no such target", as it does for every other registry; npm then asks the registry itself.
const Module = require('node:module')

const load = Module._load
Module._load = function (request, ...rest) {
  if (request !== '@sigstore/tuf') return load.call(this, request, ...rest)
  const getTarget = async () => {
    throw Object.assign(new Error('no such target'), { code: 'TUF_FIND_TARGET_ERROR' })
  }
  return { initTUF: async () => ({ getTarget }) }
}
