console.log(require('@acme/greeting')('npm'))
