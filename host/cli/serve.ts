import type { Command } from 'commander'

/** `cloudrepo serve`: runs until it is told to stop. */
export function addServe(program: Command): void {
  program
    .command('serve')
    .description('run the server')
    .option('--config <file>', 'settings, default cloudrepo.json where there is one; the environment outranks them')
    .action(async ({ config }: { config?: string }) => {
      const { serve } = await import('../serve.js')
      await serve(config)
    })
}
