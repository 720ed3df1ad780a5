// Package pagecache keeps pages of Next.js and what belongs to them: payloads, segments, data.
//
// What may be kept, under which key and for how long is decided by functions on values (KeyOf, ForRequest, ForResponse, Tell), which do
// nothing else. Where they are in doubt, the answer is no: a page that is made again costs milliseconds, one that is given to the wrong
// visitor cannot be taken back.
package pagecache
