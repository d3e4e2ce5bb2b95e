// Every run tries the same random inputs, so that a finding is somebody's change and can be run again; others by CLOUDREPO_TEST_SEED.
import fc from 'fast-check'

const seed = process.env.CLOUDREPO_TEST_SEED
if (seed !== 'random') fc.configureGlobal({ ...fc.readConfigureGlobal(), seed: Number(seed ?? 1) })
