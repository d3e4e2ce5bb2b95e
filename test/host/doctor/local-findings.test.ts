import { expect } from 'chai'
import { nodeFinding } from '../../../host/doctor/examine.js'
import type { Finding } from '../../../host/doctor/finding.js'
import type { LocalFacts } from '../../../host/doctor/local-facts.js'
import { localFindings } from '../../../host/doctor/local-findings.js'

const GiB = 1024 ** 3
const now = Date.parse('2026-03-01T12:00:00Z')
const healthy: LocalFacts = {
  folder: { path: '/srv/data', state: 'used', writable: true, mode: 0o700 },
  volume: { networkKind: undefined, free: 50 * GiB, size: 100 * GiB, freeInodes: 900, inodes: 1_000 },
  key: { path: '/srv/data.key', there: true, named: false, inside: false, mode: 0o400 },
  house: undefined,
  now,
  lastChange: now - 60_000,
}

describe('What the doctor says of the place of the embedded pair', () => {
  const findings = (change: Partial<LocalFacts>) => localFindings({ ...healthy, ...change })
  const sick = (change: Partial<LocalFacts>) => findings(change).filter(({ level }) => level !== 'fine')
  const folder = (change: Partial<LocalFacts['folder']>) => ({ folder: { ...healthy.folder, ...change } })
  const volume = (change: Partial<LocalFacts['volume']>) => ({ volume: { ...healthy.volume, ...change } })
  const key = (change: Partial<LocalFacts['key']>) => ({ key: { ...healthy.key, ...change } })

  it('is one line a check where all is well', () => {
    expect(findings({})).to.deep.equal([
      { check: 'data folder', level: 'fine', says: '/srv/data is there, mode 0700.' },
      { check: 'lock', level: 'fine', says: 'No house serves this folder now.' },
      { check: 'free space', level: 'fine', says: '50.0 GiB of 100.0 GiB are free; 5.0 GiB stay reserved.' },
      { check: 'inodes', level: 'fine', says: '900 of 1000 are free.' },
      { check: 'file system', level: 'fine', says: 'It is a local one.' },
      {
        check: 'root key',
        level: 'fine',
        says: "/srv/data.key is there, mode 0400. Its backup belongs apart from the data's.",
      },
      { check: 'clock', level: 'fine', says: 'It is 2026-03-01T12:00:00.000Z.' },
    ])
    expect(findings({ house: 'http://127.0.0.1:8080' })[1]?.says).to.equal(
      'The house at http://127.0.0.1:8080 serves this folder.',
    )
  })

  it('takes an empty place as one that a first start will fill', () => {
    const empty = { ...folder({ state: 'missing' }), ...key({ there: false }), lastChange: undefined }
    expect(sick(empty)).to.deep.equal([])
    expect(findings(empty).map(({ says }) => says)).to.include.members([
      '/srv/data will be made by the first start.',
      '/srv/data.key will be made by the first start.',
    ])
  })

  it('names each thing that stops a start, and what to do', () => {
    const told = (change: Partial<LocalFacts>): readonly Finding[] => sick(change)
    expect(told(folder({ state: 'no-folder' }))).to.deep.equal([
      { check: 'data folder', level: 'fatal', says: '/srv/data is a file.', todo: 'Name a folder by CLOUDREPO_DATA.' },
    ])
    expect(told(folder({ writable: false }))).to.deep.equal([
      {
        check: 'data folder',
        level: 'fatal',
        says: '/srv/data cannot be written by this user.',
        todo: 'Give it to the user that runs the server: chown -R.',
      },
    ])
    expect(told(folder({ state: 'missing', writable: false }))[0]?.says).to.equal('/srv/data cannot be made by this user.')
    expect(told(volume({ networkKind: 'NFS' }))).to.deep.equal([
      {
        check: 'file system',
        level: 'fatal',
        says: '/srv/data lies on a network file system (NFS), where locks and memory maps do not hold.',
        todo: 'Put the data on a local disk.',
      },
    ])
    expect(told(key({ inside: true, path: '/srv/data/key' }))[0]).to.deep.include({
      level: 'fatal',
      says: '/srv/data/key lies inside the data folder: a copy of the data would carry its key.',
    })
    expect(told(key({ there: false }))[0]).to.deep.include({
      level: 'fatal',
      says: 'There is data, but its key /srv/data.key is missing.',
    })
    expect(told(key({ there: false, named: true }))[0]?.says).to.equal('/srv/data.key cannot be found.')
    expect(told(key({ mode: 0o440 }))).to.deep.equal([
      {
        check: 'root key',
        level: 'fatal',
        says: 'Others on this machine may read /srv/data.key (mode 0440).',
        todo: 'Run: chmod 400 /srv/data.key',
      },
    ])
  })

  it('warns of what will stop it one day', () => {
    expect(sick(folder({ mode: 0o755 }))[0]).to.deep.include({ level: 'warning', todo: 'Run: chmod 700 /srv/data' })
    expect(sick(volume({ free: 4.9 * GiB }))[0]).to.deep.include({
      check: 'free space',
      level: 'warning',
      says: '4.9 GiB are free, less than the 5.0 GiB that stay reserved: uploads are refused with 507.',
    })
    expect(sick(volume({ free: 1.9 * GiB, size: 10 * GiB }))[0]?.says).to.contain('less than the 2.0 GiB')
    expect(sick(volume({ freeInodes: 9 }))[0]).to.deep.include({ check: 'inodes', level: 'warning' })
    expect(sick(volume({ freeInodes: 0, inodes: 0 }))).to.deep.equal([])
    expect(sick({ lastChange: now + 299_000 })).to.deep.equal([])
    expect(sick({ lastChange: now + 301_000 })[0]).to.deep.include({ check: 'clock', level: 'warning' })
    expect(nodeFinding('20.20.2', now)).to.deep.include({ level: 'fine' })
    expect(nodeFinding('21.1.0', now)).to.deep.equal({
      check: 'node',
      level: 'warning',
      says: 'Node 21 is past its end of life, which was on 2024-06-01; Node 24 is recommended.',
      todo: 'Install it; nothing else has to change.',
    })
  })
})
