const shout = require('shout-words')

module.exports = (name) => shout(`Hello, ${name}`)
