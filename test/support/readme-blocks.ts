import { existsSync } from 'node:fs'
import { projectFiles, read } from '../architecture/source-tree.js'

/** A fenced block of a page, and the sentence that leads to it. */
export interface ReadmeBlock {
  readonly file: string
  /** Of its opening fence, from 1. */
  readonly line: number
  /** '' where the fence names none. */
  readonly language: string
  readonly text: string
  readonly sentence: string
}

/** The pages on which users of the clients rely. */
export function readmePages(): readonly string[] {
  return projectFiles().filter((path) => /^(README|host\/README|plugins\/[a-z]+\/README)\.md$/.test(path) && existsSync(path))
}

export function blocksOf(file: string, source = read(file)): readonly ReadmeBlock[] {
  const lines = source.split('\n')
  const blocks: ReadmeBlock[] = []
  for (let at = 0; at < lines.length; at += 1) {
    const language = /^```(\w*)$/.exec(lines[at] ?? '')?.[1]
    if (language === undefined) continue
    const end = lines.indexOf('```', at + 1)
    if (end < 0) throw new Error(`${file}:${at + 1}: the block has no end`)
    blocks.push({
      file,
      line: at + 1,
      language,
      text: lines.slice(at + 1, end).join('\n'),
      sentence: paragraphBefore(lines, at),
    })
    at = end
  }
  return blocks
}

function paragraphBefore(lines: readonly string[], fence: number): string {
  let last = fence - 1
  while (last >= 0 && lines[last] === '') last -= 1
  let first = last
  while (first > 0 && lines[first - 1] !== '' && !lines[first - 1]?.startsWith('```')) first -= 1
  return lines.slice(Math.max(first, 0), last + 1).join(' ')
}

/** The file a settings block goes into: named by its own first line, '# .npmrc', or first of all by the sentence, '`~/.m2/settings.xml`'. */
export function fileOf({ text, sentence, file, line }: ReadmeBlock): string {
  const name = /^# (\S+)\n/.exec(text)?.[1] ?? /`((?:~\/)?[\w./-]*\.\w+)`/.exec(sentence)?.[1]
  if (name === undefined) throw new Error(`${file}:${line}: neither the block nor its sentence says which file it goes into`)
  return name
}
