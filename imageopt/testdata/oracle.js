// Asks the installed Next.js. argv: the directory of the package next, the name of the question; the arguments come as JSON on stdin, the
// answers leave as JSON on stdout.
const path = require('path')
const [, , next, question] = process.argv
const load = (file) => require(path.resolve(next, 'dist', file))
// What Go has no word for is absent.
const isAbsent = (key, value) => value === null || (value === '' && (key === 'protocol' || key === 'pathname'))
const input = JSON.parse(require('fs').readFileSync(0, 'utf8'), (key, value) => (key !== '' && isAbsent(key, value) ? undefined : value))

const attempt = (answer) => {
  try {
    return answer()
  } catch (error) {
    return { thrown: String(error) }
  }
}

const questions = {
  // What is asked of the optimizer, or the text of the refusal.
  parse({ config, query, accept }) {
    const { ImageOptimizerCache } = load('server/image-optimizer.js')
    const headers = accept === undefined ? {} : { accept }
    // Each byte of a request's head is a character. The router takes the query apart by this function of Node.js.
    query = Buffer.from(query).toString('latin1')
    const parameters = require('url').parse('/_next/image?' + query, true).query
    const { url } = parameters
    const unparsable = typeof url === 'string' && url.startsWith('/') && !url.startsWith('//') && !URL.canParse(url, 'http://n')
    return { ...attempt(() => ImageOptimizerCache.validateParams({ headers }, parameters, config, false)), unparsable }
  },
  url(text) {
    const { href, protocol, hostname, port, pathname, search } = new URL(text)
    return { href, protocol, hostname, port, pathname, search }
  },
  remote({ config, url }) {
    return load('shared/lib/match-remote-pattern.js').hasRemoteMatch(config.domains || [], config.remotePatterns || [], new URL(url))
  },
  maxAge: (text) => load('server/image-optimizer/get-max-age.js').getMaxAge(text),
  etag: ([tag, body]) => load('server/image-optimizer/extract-etag.js').extractEtag(tag, Buffer.from(body, 'latin1')),
  animated: (body) => load('compiled/is-animated')(Buffer.from(body, 'base64')),
  headers({ config, url, extension, etag, isStatic, maxAge, request = {} }) {
    const { sendResponse } = load('server/image-optimizer.js')
    const sent = {}
    const response = { statusCode: 200, setHeader: (name, value) => (sent[name] = String(value)), end: () => {} }
    sendResponse({ headers: request }, response, url, extension, Buffer.from('body'), etag, isStatic, 'HIT', config, maxAge, false)
    delete sent['X-Nextjs-Cache']
    delete sent['Content-Length']
    return { status: response.statusCode, sent }
  },
}

const main = async () => {
  if (question === 'type') {
    const { detectContentType } = load('server/image-optimizer/detect-content-type.js')
    return Promise.all(input.map((body) => detectContentType(Buffer.from(body, 'base64')).catch((error) => ({ thrown: String(error) }))))
  }
  return input.map((arguments_) => attempt(() => questions[question](arguments_)))
}
// What Next.js itself prints is no answer.
console.log = console.warn = console.error = () => {}
main().then((answers) => process.stdout.write(JSON.stringify(answers.map((answer) => (answer === undefined ? null : answer)))), (error) => {
  process.stderr.write(String(error))
  process.exitCode = 1
})
