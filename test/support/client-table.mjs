// What real clients did, as a table for the terminal and as one in Markdown.

/** Rows as test/support/closing-line.cjs writes them; a client's name and version stand at its first row. */
export function textTable(rows) {
  const lines = [['client', 'version', 'flow', 'result', 's'], ...grouped(rows).map(cells)]
  const widths = [0, 1, 3].map((column) => Math.max(...lines.map((line) => line[column].length)))
  return lines
    .map(([client, version, flow, result, seconds]) =>
      [client.padEnd(widths[0]), version.padEnd(widths[1]), result.padEnd(widths[2]), seconds.padStart(6), flow].join('  '),
    )
    .join('\n')
}

export function markdownTable(rows) {
  const line = (words) => `| ${words.map((word) => word.replaceAll('|', '\\|')).join(' | ')} |`
  return [
    line(['client', 'version', 'flow', 'result', 'seconds']),
    '| --- | --- | --- | --- | --- |',
    ...grouped(rows).map(cells).map(line),
  ].join('\n')
}

export function unhadLines(notHad, notes) {
  return [...notHad.map(({ client, reason }) => `${client}: ${reason}`), ...notes]
}

function cells({ client, version, flow, result, seconds }) {
  return [client, version, flow, result, seconds.toFixed(1)]
}

/** By client and version in alphabetical order, a client's flows in the order they ran. */
function grouped(rows) {
  const order = new Intl.Collator('en', { numeric: true })
  const key = ({ client, version }) => `${client} ${version}`
  const sorted = rows.toSorted((a, b) => order.compare(key(a), key(b)))
  return sorted.map((row, index) => {
    const before = sorted[index - 1]
    return before !== undefined && key(before) === key(row) ? { ...row, client: '', version: '' } : row
  })
}
