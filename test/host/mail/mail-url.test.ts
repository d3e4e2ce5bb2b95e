import { expect } from 'chai'
import { parseMailUrl } from '../../../host/mail/mail-url.js'

describe('the mail address of the settings', () => {
  it('says server, port, login and how the way there is sealed', () => {
    expect(parseMailUrl('smtp://mail.example.com')).to.deep.equal({
      kind: 'smtp',
      host: 'mail.example.com',
      port: 587,
      tls: 'required',
    })
    expect(parseMailUrl('smtps://a%40b.example:p%2Fw@mail.example.com:2465/')).to.deep.equal({
      kind: 'smtp',
      host: 'mail.example.com',
      port: 2465,
      tls: 'immediate',
      login: { user: 'a@b.example', password: 'p/w' },
    })
    expect(parseMailUrl('smtps://mail.example.com')).to.include({ port: 465, tls: 'immediate' })
    expect(parseMailUrl('smtp://mail.example.com?tls=off')).to.include({ tls: 'offered' })
    for (const near of ['smtp://localhost:25', 'smtp://127.0.0.1:25', 'smtp://[::1]:25'])
      expect(parseMailUrl(near)).to.include({ tls: 'offered', port: 25 })
    expect(parseMailUrl('file:./mail')).to.deep.equal({ kind: 'file', folder: './mail' })
    expect(parseMailUrl('file:///var/mail')).to.deep.equal({ kind: 'file', folder: '/var/mail' })
    expect(parseMailUrl('console:')).to.deep.equal({ kind: 'console' })
  })

  it('is refused where it is anything else, and a password in it is not repeated', () => {
    for (const text of [
      '',
      'mail.example.com',
      'http://mail.example.com',
      'smtp://',
      'smtp://user@mail.example.com',
      'smtp://user:secret@mail.example.com/path',
      'smtp://user:secret@mail.example.com?tls=on',
      'smtps://user:secret@mail.example.com?tls=off',
      'smtp://user:secret@mail.example.com#x',
      'file:',
      'file://host/folder',
      'console',
    ])
      expect(() => parseMailUrl(text), text).to.throw(
        /^smtp:\/\/user:password@host:port, smtps:\/\/…, file:FOLDER or console: is expected$/,
      )
  })
})
