import { expect } from 'chai'
import { Server } from '../clients/server.js'
import { until } from '../support/worker-processes.js'

for (const workers of ['1', '2'])
  describe(`Metrics of a house of ${workers}`, function () {
    this.timeout(60_000)
    let server: Server
    let metrics: string
    let authorization: string
    before(async () => {
      server = await Server.start({ CLOUDREPO_WORKERS: workers, CLOUDREPO_METRICS: '127.0.0.1:0' })
      authorization = `Bearer ${(await server.target('raw')).token}`
      const ready = await until(
        () => server.log.split('\n').find((line) => line.includes('metrics.ready')),
        (line) => line !== undefined,
      )
      metrics = (JSON.parse(ready ?? '{}') as { address: string }).address
    })
    after(() => server.stop())

    const read = async () => (await fetch(`${metrics}/metrics`)).text()
    /** The value of a line, summed over those that fit. */
    const value = (text: string, name: string) =>
      text
        .split('\n')
        .filter((line) => line.startsWith(name))
        .reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' ') + 1)), 0)

    it('count requests of all processes by route pattern, never by whose they are', async () => {
      const before = value(await read(), 'cloudrepo_requests_total{plugin="raw"')
      for (let number = 0; number < 10; number++) {
        const headers = { authorization, connection: 'close' }
        await fetch(`${server.url}/main/raw/secret-name/${number}`, { method: 'PUT', headers, body: 'x'.repeat(100) })
        await (await fetch(`${server.url}/main/raw/secret-name/${number}`, { headers })).text()
      }
      await (await fetch(`${server.url}/main/nothing/at-all`)).text()
      const text = await until(read, (now) => value(now, 'cloudrepo_requests_total{plugin="raw"') === before + 20)
      expect(value(text, 'cloudrepo_requests_total{plugin="raw",route="/{path+}",method="PUT",status="2xx"}')).to.equal(10)
      expect(value(text, 'cloudrepo_requests_total{plugin="raw",route="/{path+}",method="GET",status="2xx"}')).to.equal(10)
      expect(value(text, 'cloudrepo_requests_total{plugin="none",route="none",method="GET",status="4xx"}')).to.equal(1)
      expect(value(text, 'cloudrepo_request_seconds_count{plugin="raw",route="/{path+}",method="PUT"}')).to.equal(10)
      expect(value(text, 'cloudrepo_received_bytes_total')).to.be.at.least(1_000)
      expect(value(text, 'cloudrepo_sent_bytes_total')).to.be.at.least(1_000)
      expect(text).to.not.match(/secret-name|main/)
    })

    it('tell of the process and its stores', async () => {
      const text = await read()
      for (const name of [
        'cloudrepo_requests_running',
        'cloudrepo_connections',
        'cloudrepo_keys_bytes',
        'nodejs_eventloop_lag_p99_seconds',
        '# TYPE nodejs_gc_duration_seconds',
        'nodejs_heap_size_used_bytes',
        'process_resident_memory_bytes',
        'process_open_fds',
      ])
        expect(`\n${text}`, name).to.contain(`\n${name}`)
      expect(value(text, 'cloudrepo_metadata_bytes')).to.be.within(4_096, 1024 ** 3)
    })

    it('are these and no others', async () => {
      await fetch(`${server.url}/main/raw/cached`, { method: 'PUT', headers: { authorization }, body: 'x' })
      for (let read = 0; read < 3; read++)
        await (await fetch(`${server.url}/main/raw/cached`, { headers: { authorization, connection: 'close' } })).text()
      const text = await read()
      const types = [...text.matchAll(/^# TYPE cloudrepo_(\S+) (\S+)$/gm)].map(([, name, type]) => `${name} ${type}`)
      expect(types.sort()).to.deep.equal(
        [
          ...['connections', 'keys_bytes', 'metadata_bytes', 'metadata_pages', 'metadata_rows', 'requests_running'],
          ...[
            'mails_parked',
            'mails_waiting',
            'outbox_parked_events',
            'outbox_waiting_events',
            'reminders_due',
            'uploads_running',
          ],
          ...['swept_blobs', 'swept_bytes', 'swept_damaged', 'swept_waiting_blobs', 'swept_waiting_bytes'],
          ...['content_cache_bytes', 'document_cache_bytes'],
        ]
          .map((name) => `${name} gauge`)
          .concat(
            [
              ...['received_bytes_total', 'requests_total', 'sent_bytes_total', 'damaged_reads_total'],
              ...['content_cache_hits_total', 'content_cache_misses_total'],
              ...['document_cache_hits_total', 'document_cache_misses_total'],
            ].map((name) => `${name} counter`),
            'request_seconds histogram',
          )
          .sort(),
      )
      for (const name of [
        'metadata_pages',
        'metadata_rows',
        'content_cache_hits_total',
        'content_cache_misses_total',
        'content_cache_bytes',
      ])
        expect(value(text, `cloudrepo_${name}`), name).to.be.greaterThan(0)
      for (const name of ['outbox_parked_events', 'uploads_running', 'damaged_reads_total', 'swept_damaged'])
        expect(value(text, `cloudrepo_${name}`), name).to.equal(0)
    })

    it('are on a listener of their own, which says nothing else to strangers', async () => {
      expect((await fetch(`${server.url}/metrics`)).status).to.equal(404)
      const other = await fetch(`${metrics}/main/raw/secret-name/1`)
      expect([other.status, await other.text()]).to.deep.equal([
        404,
        'Not found: /metrics, and from this machine /profile?seconds=10\n',
      ])
      expect((await fetch(`${metrics}/metrics`, { method: 'POST' })).status).to.equal(405)
      expect((await fetch(`${metrics}/profile?seconds=1000`)).status).to.equal(400)
    })

    it('come with a profile of the processor, from this machine', async () => {
      for (let worker = 1; worker <= Number(workers); worker++) {
        const answer = await fetch(`${metrics}/profile?seconds=1&worker=${worker}`)
        const { nodes } = (await answer.json()) as { nodes: { callFrame: { url: string } }[] }
        expect(answer.status).to.equal(200)
        expect(nodes.length).to.be.greaterThan(1)
      }
      if (workers === '2') expect((await fetch(`${metrics}/profile?seconds=1&worker=3`)).status).to.equal(503)
    })
  })
