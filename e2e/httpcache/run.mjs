// run.mjs URL [ID...]: asks the cache at URL what http-cache-tests asks, all of it or the tests of these ids, and prints the results as JSON. It is the suite's own
// command line with three differences: each result comes with the group and the kind of its test, as the suite's pages show it; nothing is asked for compressed, and
// the Accept-Encoding that a server which compresses adds to Vary is taken off, because the tests compare Vary to the letter.
import fetch from 'node-fetch'
import { getResults, runTests } from 'http-cache-tests/client/runner.mjs'
import { determineTestResult } from 'http-cache-tests/lib/display.mjs'
import surrogate from 'http-cache-tests/tests/surrogate-control.mjs'
import groups from 'http-cache-tests/tests/index.mjs'

const [base, ...ids] = process.argv.slice(2)
const verdicts = { '✅': 'pass', '⛔️': 'fail', '⚠️': 'not optimal', Y: 'yes', N: 'no', '🔹': 'setup', '⁉️': 'harness', '⚪️': 'dependency', '↻': 'retry', '-': 'untested' }

async function ask(url, init) {
  const answer = await fetch(url, { ...init, compress: false })
  const vary = answer.headers.get('vary')
  if (vary !== null) {
    const named = vary.split(',').map((name) => name.trim()).filter((name) => name.toLowerCase() !== 'accept-encoding')
    if (named.length > 0) answer.headers.set('vary', named.join(', '))
    else answer.headers.delete('vary')
  }
  return answer
}

groups.push(surrogate)
// What the tests of these ids depend on is asked too.
const wanted = new Set(ids)
const all = groups.flatMap((group) => group.tests)
for (const id of wanted) for (const other of all.find((test) => test.id === id)?.depends_on ?? []) wanted.add(other)
const chosen = groups.map((group) => ({ ...group, tests: group.tests.filter((test) => !test.browser_only && (ids.length === 0 || wanted.has(test.id))) }))

await runTests(chosen, ask, false, base)
const results = getResults()
console.log(JSON.stringify(chosen.flatMap((group) => group.tests.map((test) => ({
  group: group.id,
  groupName: group.name,
  id: test.id,
  name: test.name,
  kind: test.kind ?? 'required',
  result: verdicts[determineTestResult(groups, test.id, results)[2]],
  said: results[test.id] === true ? '' : `${results[test.id]?.[0]}: ${results[test.id]?.[1]}`
})))))
