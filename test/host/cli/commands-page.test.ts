import { readFile, writeFile } from 'node:fs/promises'
import { expect } from 'chai'
import type { Command } from 'commander'
import { buildProgram } from '../../../host/cli/command.js'

const page = new URL('../../../../host/cli/README.md', import.meta.url)
const shared = new Set(['--url', '--token', '--json'])

/** Commands that do something, with their whole names. */
function commandsOf(command: Command, before = ''): readonly (readonly [name: string, command: Command])[] {
  const visible = command
    .createHelp()
    .visibleCommands(command)
    .filter((one) => one.name() !== 'help')
  if (visible.length === 0) return [[before, command]]
  return visible.flatMap((one) => commandsOf(one, `${before} ${one.name()}`.trim()))
}

function pageOf(program: Command): string {
  const lines = [
    '# Commands',
    '',
    'Made from the program by its test (`CLOUDREPO_WRITE_PAGES=on`). Each command of the management interface takes `--url` and `--token` besides, and `--json`:',
    'the fields of the answer. Exit status: 0, 1 where it was refused (the reason on standard error), 2 where the command was wrong. Bars of progress appear on a',
    'terminal alone. Completion: `eval "$(cloudrepo completion bash)"`, or `zsh`; `cloudrepo completion fish | source`.',
    '',
    '| command | | options |',
    '| --- | --- | --- |',
  ]
  for (const [name, command] of commandsOf(program)) {
    const places = command.registeredArguments.map((one) => {
      const word = one.argChoices?.join('\\|') ?? (one.variadic ? `${one.name()}…` : one.name())
      return one.required ? (one.argChoices ? word : `<${word}>`) : `[${word}]`
    })
    const options = command.options.filter(({ long }) => !shared.has(long ?? ''))
    const told = options.map(
      ({ flags, argChoices }) => `\`${flags.replace(/<\w+>/, (value) => argChoices?.join('\\|') ?? value)}\``,
    )
    lines.push(`| \`${[name, ...places].join(' ')}\` | ${command.description()} | ${told.join(' ')} |`)
  }
  return `${lines.join('\n')}\n`
}

/** They work on the place that the settings name, and ask no server. */
const offline = new Set(['serve', 'completion', 'doctor', 'move'])

describe('The page of commands', () => {
  it('tells every command with its options, as the program has them', async () => {
    const expected = pageOf(buildProgram())
    if (process.env['CLOUDREPO_WRITE_PAGES'] === 'on') await writeFile(page, expected)
    expect(await readFile(page, 'utf8')).to.equal(expected)
  })

  it('has every command that talks to the server take --url, --token and --json; --token where one is sent', () => {
    for (const [name, command] of commandsOf(buildProgram())) {
      if (offline.has(name)) continue
      expect(
        command.options.map(({ long }) => long),
        name,
      ).to.include.members(name.startsWith('account ') ? ['--url', '--json'] : [...shared])
    }
  })
})
