import { type Mail, Mailer } from '#core/host'

/** On standard output, for whoever tries the house out: the log stays free of secrets. */
export class ConsoleMailer extends Mailer {
  constructor(private readonly out: { write(text: string): unknown } = process.stdout) {
    super()
  }

  async send({ to, subject, text }: Mail): Promise<void> {
    const lines = [`mail to ${to}: ${subject}`, ...text.trimEnd().split('\n')]
    this.out.write(`${lines.map((line) => `  | ${line}`).join('\n')}\n`)
  }
}
