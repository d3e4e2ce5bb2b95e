import { Readable } from 'node:stream'
import { text } from 'node:stream/consumers'
import { expect } from 'chai'
import type { ProjectPage } from '../../../plugins/pypi/project-page.js'
import { simpleIndex } from '../../../plugins/pypi/simple-index.js'

const base = new URL('https://repo.example.com/acme/py/')
const wheel = {
  filename: 'friendly_bard-1.0-py3-none-any.whl',
  version: '1.0',
  sha256: '4f'.repeat(32),
  size: 21482,
  uploadTime: '2026-01-31T12:00:00.123Z',
}
const page: ProjectPage = {
  project: 'friendly-bard',
  status: { status: 'deprecated', reason: "use 'acme-core' instead" },
  versions: ['1.0', '1.0+acme.1'],
  files: [
    { ...wheel, yanked: false, requiresPython: '>=3.9,<4', metadataSha256: '9a'.repeat(32), provenance: true },
    { ...wheel, filename: 'friendly_bard-1.0.tar.gz', sha256: '77'.repeat(32), yanked: true, requiresPython: '>=3.9,<4' },
    {
      ...wheel,
      filename: 'friendly_bard-1.0+acme.1-py3-none-any.whl',
      version: '1.0+acme.1',
      sha256: '0b'.repeat(32),
      yanked: 'broken "<b>"',
    },
  ],
}
const rendered = async (view: ProjectPage, flavour: string) => {
  const { contentType, body } = simpleIndex.render(view, flavour, base)
  return { contentType, text: await text(Readable.from(body as AsyncIterable<string>)) }
}

describe('a page of the simple index', () => {
  it('is this HTML, to the byte', async () => {
    const sha = `4f`.repeat(32)
    const meta = `9a`.repeat(32)
    const expected = `<!DOCTYPE html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <meta name="pypi:repository-version" content="1.4">
    <meta name="pypi:project-status" content="deprecated">
    <meta name="pypi:project-status-reason" content="use &#39;acme-core&#39; instead">
    <title>Links for friendly-bard</title>
  </head>
  <body>
    <h1>Links for friendly-bard</h1>
    <a href="../../files/${sha}/friendly_bard-1.0-py3-none-any.whl#sha256=${sha}" data-requires-python="&gt;=3.9,&lt;4" data-dist-info-metadata="sha256=${meta}" data-core-metadata="sha256=${meta}" data-provenance="https://repo.example.com/acme/py/integrity/friendly-bard/1.0/friendly_bard-1.0-py3-none-any.whl/provenance">friendly_bard-1.0-py3-none-any.whl</a><br>
    <a href="../../files/${'77'.repeat(32)}/friendly_bard-1.0.tar.gz#sha256=${'77'.repeat(32)}" data-requires-python="&gt;=3.9,&lt;4" data-yanked="">friendly_bard-1.0.tar.gz</a><br>
    <a href="../../files/${'0b'.repeat(32)}/friendly_bard-1.0%2Bacme.1-py3-none-any.whl#sha256=${'0b'.repeat(32)}" data-yanked="broken &quot;&lt;b&gt;&quot;">friendly_bard-1.0+acme.1-py3-none-any.whl</a><br>
  </body>
</html>
`
    expect(await rendered(page, 'html')).to.deep.equal({ contentType: 'text/html; charset=utf-8', text: expected })
    expect(await rendered(page, 'html-v1')).to.deep.equal({
      contentType: 'application/vnd.pypi.simple.v1+html; charset=utf-8',
      text: expected,
    })
  })

  it('is this JSON', async () => {
    const { contentType, text } = await rendered(page, 'json')
    expect(contentType).to.equal('application/vnd.pypi.simple.v1+json')
    expect(text.endsWith('}\n')).to.equal(true)
    const common = { size: 21482, 'upload-time': '2026-01-31T12:00:00.123Z' }
    expect(JSON.parse(text)).to.deep.equal({
      meta: { 'api-version': '1.4' },
      name: 'friendly-bard',
      'project-status': { status: 'deprecated', reason: "use 'acme-core' instead" },
      versions: ['1.0', '1.0+acme.1'],
      files: [
        {
          filename: 'friendly_bard-1.0-py3-none-any.whl',
          url: `../../files/${'4f'.repeat(32)}/friendly_bard-1.0-py3-none-any.whl`,
          hashes: { sha256: '4f'.repeat(32) },
          'requires-python': '>=3.9,<4',
          ...common,
          yanked: false,
          'core-metadata': { sha256: '9a'.repeat(32) },
          provenance:
            'https://repo.example.com/acme/py/integrity/friendly-bard/1.0/friendly_bard-1.0-py3-none-any.whl/provenance',
        },
        {
          filename: 'friendly_bard-1.0.tar.gz',
          url: `../../files/${'77'.repeat(32)}/friendly_bard-1.0.tar.gz`,
          hashes: { sha256: '77'.repeat(32) },
          'requires-python': '>=3.9,<4',
          ...common,
          yanked: true,
          provenance: null,
        },
        {
          filename: 'friendly_bard-1.0+acme.1-py3-none-any.whl',
          url: `../../files/${'0b'.repeat(32)}/friendly_bard-1.0%2Bacme.1-py3-none-any.whl`,
          hashes: { sha256: '0b'.repeat(32) },
          ...common,
          yanked: 'broken "<b>"',
          provenance: null,
        },
      ],
    })
  })

  it('claims API 1.0 where a size is unknown', async () => {
    const { size: _, ...unsized } = wheel
    const { text } = await rendered({ ...page, files: [{ ...unsized, yanked: false }] }, 'json')
    const document = JSON.parse(text) as { meta: unknown; files: readonly object[] }
    expect(document.meta).to.deep.equal({ 'api-version': '1.0' })
    expect(document.files[0]).not.to.have.property('size')
  })

  it('of an active project says nothing of its status in HTML', async () => {
    expect((await rendered({ ...page, status: { status: 'active' } }, 'html')).text).not.to.contain('project-status')
  })
})
