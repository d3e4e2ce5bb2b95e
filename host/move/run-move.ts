import { copyFile, mkdir, rm, stat } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { LocalRootKeys, openMetadataStore } from '#core/host'
import type { Settings } from '../config/settings.js'
import { isUnused, prepareDataFolder } from '../data/data-folder.js'
import { DataLock } from '../data/data-lock.js'
import { UndoSteps } from '../undo-steps.js'
import { CopyJournal } from './copy-journal.js'
import { type Moved, MoveRefused, type MoveWatch, move } from './move.js'
import { isLocal, openStorePair } from './store-pair.js'

/** What the command line goes by, below the data folder: what it proves with stands in the stores. */
const secrets = ['operator-token', 'admin-password']

/** Longer than any commit that had asked whether the house takes writes just before it took none. Milliseconds. */
const settle = { embedded: 5_000, dynamodb: 20_000 }

/** From the place that `from` names to the one that `to` names. Beside the source's data folder lies `{data}.move` meanwhile. Throws MoveRefused. */
export async function runMove(from: Settings, to: Settings, watch: MoveWatch): Promise<Moved> {
  const steps = new UndoSteps()
  try {
    const sourceFolder = resolve(from.data)
    if (isLocal(from) && (await isEmpty(sourceFolder))) throw new MoveRefused(`Nothing is stored at ${sourceFolder}`)
    const rootKey = await targetKey(from, to)
    const memory = `${sourceFolder}.move`
    await mkdir(memory, { recursive: true, mode: 0o700 })
    const turn = await DataLock.take(memory).catch((cause: unknown) => {
      throw new MoveRefused('Another move of this data is under way', { cause })
    })
    steps.undo(() => turn.release())
    const targetFolder = await prepareDataFolder(to.data)
    // Of a place in the cloud the folder is this machine's alone, and the house that is moved may have it.
    if (isLocal(to)) {
      const lock = await DataLock.take(targetFolder)
      steps.undo(() => lock.release())
    }
    const source = await openStorePair(from)
    steps.undo(() => source.close())
    const target = await openStorePair(to)
    steps.undo(() => target.close())
    const openJournal = async (id: string) =>
      CopyJournal.open(await openMetadataStore('embedded', { folder: join(memory, id), ballastBytes: 0 }))
    const moved = await move({ source, target, rootKey, openJournal, watch, settle: settle[from.metadata] })
    await takeSecrets(sourceFolder, targetFolder)
    await steps.takeApart()
    await rm(memory, { recursive: true, force: true })
    return moved
  } catch (error) {
    await steps.takeApart()
    throw error
  }
}

async function isEmpty(folder: string): Promise<boolean> {
  const found = await stat(folder).catch(() => undefined)
  return found === undefined || !found.isDirectory() || (await isUnused(folder))
}

async function targetKey(from: Settings, to: Settings): Promise<LocalRootKeys> {
  const path = rootKeyPath(to)
  if ((await stat(path).catch(() => undefined)) === undefined) {
    throw new MoveRefused(
      `The target's root key ${path} is not there. Keys of organizations move wrapped as they are: cp -p ${rootKeyPath(from)} ${path}`,
    )
  }
  return LocalRootKeys.fromFile(path)
}

function rootKeyPath({ rootKey, data }: Settings): string {
  return rootKey === undefined ? `${resolve(data)}.key` : resolve(rootKey)
}

async function takeSecrets(source: string, target: string): Promise<void> {
  for (const name of secrets) {
    const there = await Promise.all([join(source, name), join(target, name)].map((path) => stat(path).catch(() => undefined)))
    if (there[0] !== undefined && there[1] === undefined) await copyFile(join(source, name), join(target, name))
  }
}
