import { type Line, times } from './results-table.js'

const left = 330
const width = 860
const top = 78
const step = 30
const colours = `
  .back { fill: #ffffff } .text { fill: #1f2328 } .soft { fill: #59636e } .grid { stroke: #d1d9e0 } .one { stroke: #1f2328 }
  .answers { fill: #0969da } .cpu { fill: #8c959f } .goal { stroke: #bc4c00 }
  @media (prefers-color-scheme: dark) {
    .back { fill: #0d1117 } .text { fill: #e6edf3 } .soft { fill: #9198a1 } .grid { stroke: #30363d } .one { stroke: #e6edf3 }
    .answers { fill: #4493f8 } .cpu { fill: #6e7681 } .goal { stroke: #f0883e }
  }
  text { font: 12px system-ui, sans-serif } .grid, .one { stroke-width: 1 } .goal { stroke-width: 3 }`

/** Bars of ours against each other server on a logarithmic axis: answers a second above, processor time below, a mark where the goal is. SVG that reads
 *  on light and on dark ground. */
export function ratioPicture(lines: readonly Line[]): string {
  const values = lines
    .flatMap(({ byAnswers, byCpu, goal }) => [byAnswers, byCpu, goal?.atLeast ?? 1])
    .filter((value) => value > 0)
  const low = Math.floor(Math.log10(Math.min(0.1, ...values)))
  const high = Math.ceil(Math.log10(Math.max(10, ...values)))
  const x = (value: number) => left + ((Math.log10(value) - low) / (high - low)) * (width - left - 110)
  const height = top + lines.length * step + 16
  const decades = Array.from({ length: high - low + 1 }, (_, at) => 10 ** (low + at))
  const parts = [
    `<rect class="back" width="${width}" height="${height}"/>`,
    `<text class="text" x="12" y="20">How many times better than each other server (logarithmic; above 1 is better)</text>`,
    `<rect class="answers" x="12" y="30" width="10" height="10"/><text class="soft" x="26" y="40">by answers a second</text>`,
    `<rect class="cpu" x="190" y="30" width="10" height="10"/><text class="soft" x="204" y="40">by processor time</text>`,
    `<path class="goal" d="M356 30V40"/><text class="soft" x="364" y="40">goal</text>`,
    ...decades.map((value) => axis(x(value), value, height)),
    ...lines.flatMap((line, at) => bars(line, top + at * step, x)),
  ]
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" aria-label="Ratios to other servers">
<style>${colours}
</style>
${parts.join('\n')}
</svg>
`
}

function axis(at: number, value: number, height: number): string {
  const line = `<path class="${value === 1 ? 'one' : 'grid'}" d="M${round(at)} ${top - 6}V${height - 8}"/>`
  return `${line}<text class="soft" x="${round(at)}" y="${top - 8}" text-anchor="middle">${Number(value.toPrecision(1))}</text>`
}

/** From 1 to the ratio, to the left where ours is worse. */
function bars({ case: name, against, byAnswers, byCpu, goal }: Line, y: number, x: (value: number) => number): string[] {
  const bar = (kind: string, value: number, at: number, height: number) => {
    const [from, to] = [Math.min(x(1), x(value)), Math.max(x(1), x(value))]
    return `<rect class="${kind}" x="${round(from)}" y="${at}" width="${round(Math.max(to - from, 1))}" height="${height}"/>`
  }
  const goalBar =
    goal &&
    `<path class="goal" d="M${round(x(goal.atLeast))} ${goal.by === 'answers' ? `${y + 2}V${y + 15}` : `${y + 12}V${y + 25}`}"/>`
  return [
    `<text class="text" x="${left - 8}" y="${y + 12}" text-anchor="end">${escaped(name)}</text>`,
    `<text class="soft" x="${left - 8}" y="${y + 25}" text-anchor="end">against ${escaped(against)}</text>`,
    bar('answers', byAnswers, y + 4, 9),
    bar('cpu', byCpu, y + 15, 7),
    ...(goalBar ? [goalBar] : []),
    `<text class="soft" x="${width - 12}" y="${y + 18}" text-anchor="end">${times(byAnswers)} / ${times(byCpu)}</text>`,
  ]
}

function round(value: number): number {
  return Math.round(value * 10) / 10
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;')
}
