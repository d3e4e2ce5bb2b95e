import { Argument, type Command } from 'commander'

/** Each asks the program itself what may stand next: the words before, and the one that is being written. */
const scripts = {
  bash: `_cloudrepo() {
  local IFS=$'\\n'
  COMPREPLY=($(cloudrepo complete -- "\${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null))
}
complete -o default -F _cloudrepo cloudrepo
`,
  zsh: `#compdef cloudrepo
_cloudrepo() {
  local -a found
  found=("\${(@f)$(cloudrepo complete -- "\${(@)words[2,CURRENT]}" 2>/dev/null)}")
  compadd -- $found
}
compdef _cloudrepo cloudrepo
`,
  fish: `function __cloudrepo
  set -l words (commandline -opc) (commandline -ct)
  cloudrepo complete -- $words[2..-1] 2>/dev/null
end
complete -c cloudrepo -f -a '(__cloudrepo)'
`,
} as const

export function completionCommand(program: Command): void {
  program
    .command('completion')
    .description('a script that completes commands, options and names in a shell: eval "$(cloudrepo completion bash)"')
    .addArgument(new Argument('<shell>').choices(Object.keys(scripts)))
    .action((shell: keyof typeof scripts) => {
      process.stdout.write(scripts[shell])
    })
  program
    .command('complete [words...]', { hidden: true })
    .description('what may stand next, a line each; asked by the scripts of completion')
    .allowUnknownOption()
    .action(async (words: readonly string[]) => {
      const { nextWords } = await import('./next-words.js')
      for (const word of await nextWords(program, words)) process.stdout.write(`${word}\n`)
    })
}
