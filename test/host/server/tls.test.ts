import { copyFile, mkdtemp, rm, writeFile } from 'node:fs/promises'
import type { Server } from 'node:https'
import type { AddressInfo } from 'node:net'
import { connect as connectPlain } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { connect, type SecureVersion, type TLSSocket } from 'node:tls'
import { expect } from 'chai'
import express from 'express'
import { silentLogger } from '#core/host'
import { createListener, usualPace } from '../../../host/server/listener.js'
import { CertificateWatch, readPair } from '../../../host/server/tls.js'
import { CertificateAuthority, type CertificateFiles } from '../../support/certificates.js'

describe('Certificates of the listener', function () {
  this.timeout(30_000)
  let folder: string
  let authority: CertificateAuthority
  let good: CertificateFiles
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'tls-'))
    authority = new CertificateAuthority(folder)
    good = authority.issue()
  })
  after(() => rm(folder, { recursive: true }))

  const complaint = (files: CertificateFiles) =>
    readPair(files).then(
      () => 'taken',
      ({ message }: Error) => message.replaceAll(folder, 'F'),
    )

  it('are taken where they fit', async () => {
    expect((await readPair(good)).expires.getTime()).to.be.greaterThan(Date.now())
  })

  it('are refused with a sentence that names the setting', async () => {
    const other = authority.issue()
    const expired = authority.issue([], -1)
    const text = join(folder, 'text')
    await writeFile(text, 'hello')
    expect(await complaint({ cert: good.cert, key: other.key })).to.equal(
      'CLOUDREPO_TLS_KEY: F/server-2.key is not the key of the certificate F/server-1.pem',
    )
    expect(await complaint(expired)).to.match(/^CLOUDREPO_TLS_CERT: F\/server-3\.pem has expired on \d{4}-\d\d-\d\d$/)
    expect(await complaint({ cert: join(folder, 'none'), key: good.key })).to.equal(
      'CLOUDREPO_TLS_CERT: F/none cannot be read (ENOENT)',
    )
    expect(await complaint({ cert: good.cert, key: join(folder, 'none') })).to.equal(
      'CLOUDREPO_TLS_KEY: F/none cannot be read (ENOENT)',
    )
    expect(await complaint({ cert: text, key: good.key })).to.equal('CLOUDREPO_TLS_CERT: F/text is no certificate in PEM')
    expect(await complaint({ cert: good.cert, key: text })).to.equal(
      'CLOUDREPO_TLS_KEY: F/text is no private key in PEM without a password',
    )
  })

  describe('in use', () => {
    let server: Server
    let port: number
    let files: CertificateFiles
    let watch: CertificateWatch
    const said: string[] = []
    const sockets: TLSSocket[] = []
    before(async () => {
      files = { cert: join(folder, 'used.pem'), key: join(folder, 'used.key') }
      await copyFile(good.cert, files.cert)
      await copyFile(good.key, files.key)
      server = createListener(express(), usualPace, { pair: await readPair(files) }) as unknown as Server
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
      port = (server.address() as AddressInfo).port
      const log = { ...silentLogger, info: (event: string) => said.push(event), error: (event: string) => said.push(event) }
      watch = new CertificateWatch(server, files, log as never, 3_600_000)
      await watch.look()
    })
    after(() => {
      watch.stop()
      for (const socket of sockets) socket.destroy()
      server.close()
    })

    function dial(
      options: { minVersion?: SecureVersion; maxVersion?: SecureVersion; ALPNProtocols?: string[]; ciphers?: string } = {},
    ) {
      return new Promise<TLSSocket>((resolve, reject) => {
        const socket = connect({ port, host: '127.0.0.1', rejectUnauthorized: false, ...options }, () => resolve(socket))
        sockets.push(socket)
        socket.on('error', reject)
      })
    }
    const nameOf = (socket: TLSSocket) => socket.getPeerCertificate().subject?.CN

    it('TLS 1.3 and 1.2 are spoken, nothing older, and HTTP/1.1 alone', async () => {
      expect((await dial()).getProtocol()).to.equal('TLSv1.3')
      expect((await dial({ maxVersion: 'TLSv1.2' })).getProtocol()).to.equal('TLSv1.2')
      const old = await dial({ minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT@SECLEVEL=0' }).catch(
        (error: NodeJS.ErrnoException) => error.code,
      )
      expect(old).to.equal('ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION')
      expect((await dial({ ALPNProtocols: ['h2', 'http/1.1'] })).alpnProtocol).to.equal('http/1.1')
      const weak = await dial({ maxVersion: 'TLSv1.2', ciphers: 'AES128-SHA' }).catch(
        (error: NodeJS.ErrnoException) => error.code,
      )
      expect(weak).to.match(/HANDSHAKE_FAILURE/)
    })

    it('are renewed for new connections when their files change, and only by a pair that fits', async () => {
      const running = await dial()
      const next = authority.issue()
      await copyFile(next.cert, files.cert)
      await watch.look()
      expect([said.splice(0), nameOf(await dial())]).to.deep.equal([['tls.refused'], 'server 1'])
      await watch.look()
      expect(said.splice(0), 'the same is not said twice').to.deep.equal([])
      await copyFile(next.key, files.key)
      await watch.look()
      expect(said.splice(0)).to.deep.equal(['tls.reloaded'])
      expect(nameOf(await dial())).to.equal('server 4')
      expect([nameOf(running), running.destroyed]).to.deep.equal(['server 1', false])
    })

    it('plain HTTP is told so in clear; what is no HTTP gets no answer', async () => {
      const said = (text: string) =>
        new Promise<string>((resolve) => {
          const socket = connectPlain(port, '127.0.0.1')
          let answer = ''
          socket.on('data', (bytes) => (answer += bytes.toString()))
          socket.on('error', () => socket.destroy())
          socket.on('close', () => resolve(answer))
          socket.end(text)
        })
      const words = 'This port speaks https: use https:// in the address\n'
      expect(await said(`PUT /main/raw/a HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello`)).to.equal(
        `HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: ${words.length}\r\nConnection: close\r\n\r\n${words}`,
      )
      expect(await said('SSH-2.0-x\r\n')).to.not.contain('HTTP')
      expect((await dial()).getProtocol()).to.equal('TLSv1.3')
    })

    it('are read again when asked, though they look the same', async () => {
      await watch.look(true)
      expect(said.splice(0)).to.deep.equal(['tls.reloaded'])
    })
  })
})
