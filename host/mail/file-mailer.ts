import { chmod, mkdir, open, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { createTransport } from 'nodemailer'
import { type Mail, Mailer } from '#core/host'
import { oneRecipient } from './bare-address.js'

/** Each letter a file `{time}-{id}.eml` of mode 0600: whole, or not there. */
export class FileMailer extends Mailer {
  private readonly composer = createTransport({ streamTransport: true, buffer: true, newline: 'windows' })
  private count = 0

  private constructor(
    private readonly folder: string,
    private readonly from: string,
  ) {
    super()
  }

  /** Makes the folder, for its owner alone. */
  static async open(folder: string, from: string): Promise<FileMailer> {
    if ((await mkdir(folder, { recursive: true, mode: 0o700 })) !== undefined) await chmod(folder, 0o700)
    return new FileMailer(folder, from)
  }

  async send({ to, subject, text, html }: Mail): Promise<void> {
    const recipient = oneRecipient(to)
    const { message } = await this.composer.sendMail({
      from: this.from,
      to: { name: '', address: recipient },
      subject,
      text,
      ...(html === undefined ? {} : { html }),
      headers: { 'auto-submitted': 'auto-generated' },
      disableFileAccess: true,
      disableUrlAccess: true,
    })
    this.count += 1
    const name = `${new Date().toISOString().replace(/[:.]/g, '-')}-${process.pid}-${this.count}`
    const part = join(this.folder, `.${name}.part`)
    const file = await open(part, 'wx', 0o600)
    try {
      try {
        await file.writeFile(message as Buffer)
        await file.sync()
      } finally {
        await file.close()
      }
      await rename(part, join(this.folder, `${name}.eml`))
    } catch (error) {
      await rm(part, { force: true })
      throw error
    }
  }
}
