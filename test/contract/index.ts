/** The testing face: suites that a driver or a plugin has to pass. */
export { blobCompositionContract } from './blob-composition.contract.js'
export { blobStoreContract } from './blob-store.contract.js'
export type { ClientTarget, ContractCall, ContractClient, ProtocolContract } from './contract-words.js'
export { metadataStoreContract } from './metadata-store.contract.js'
export { protocolPluginContract } from './protocol-plugin.contract.js'
