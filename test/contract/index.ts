/** The testing face: suites that a driver or a plugin has to pass. */
export { blobStoreContract } from './blob-store.contract.js'
export { metadataStoreContract } from './metadata-store.contract.js'
export { type ContractCall, type ProtocolContract, protocolPluginContract } from './protocol-plugin.contract.js'
