module.exports = (words) => `${words.toUpperCase()}!`
