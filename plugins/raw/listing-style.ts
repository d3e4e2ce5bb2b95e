import { createHash } from 'node:crypto'

/** The look of the page for people. The sandbox lets no style in but this one, by its hash; no script, no image, no font. */
export const listingStyle = `
:root{color-scheme:light dark}
body{font:15px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem}
h1{font-size:1.3rem;font-weight:600;overflow-wrap:anywhere;margin:0 0 1rem}
a{color:LinkText;text-decoration:none}
a:hover,a:focus{text-decoration:underline}
table{width:100%;border-collapse:collapse}
th{text-align:left;font-weight:600;border-bottom:2px solid #8886;padding:.4rem .5rem;white-space:nowrap}
td{border-bottom:1px solid #8883;padding:.3rem .5rem;vertical-align:top}
td:first-child{width:100%;overflow-wrap:anywhere}
tbody tr:hover{background:#8881}
.n{text-align:right;white-space:nowrap;font-variant-numeric:tabular-nums}
time{white-space:nowrap;font-variant-numeric:tabular-nums;color:GrayText}
p{color:GrayText}
@media(max-width:40rem){time{white-space:normal}td:last-child{min-width:6.5em}body{margin:1rem auto}}
`

const hash = createHash('sha256').update(listingStyle).digest('base64')

/** A sandbox as on any page, but files may be saved from it: browsers else drop whatever comes as an attachment. */
export const listingPolicy = `sandbox allow-downloads; default-src 'none'; style-src 'sha256-${hash}'; frame-ancestors 'none'`
