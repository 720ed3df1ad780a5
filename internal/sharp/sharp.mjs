// Runs functions of a Go program against the sharp that Next.js uses. Lines of JSON on standard input: {"code": body of an async function
// of (sharp, args), "args": anything}; lines of JSON on standard output: {"reply": what it returned} or {"error": text}.
import { createRequire } from 'node:module'
import { createInterface } from 'node:readline'

const require = createRequire(process.argv.at(-1))
const sharp = require('sharp')
const fs = require('node:fs')
// It would remember files by their names.
sharp.cache(false)
const AsyncFunction = (async () => {}).constructor

// What Next.js does with a source (next/dist/server/image-optimizer/transform.js, optimizeImage).
sharp.nextjs = (source, { width, format, quality, mozjpeg = true }) => {
	const made = sharp(source).timeout({ seconds: 600 }).rotate().resize(width, undefined, { withoutEnlargement: true })
	switch (format) {
		case 'avif':
			return made.avif({ quality: Math.max(Math.round((quality * 50) / 80), 1), effort: 3 })
		case 'webp':
			return made.webp({ quality })
		case 'png':
			return made.png({ quality })
		case 'jpeg':
			return made.jpeg({ quality, mozjpeg })
	}
	return made
}

for await (const line of createInterface({ input: process.stdin })) {
	let answer
	try {
		const { code, args } = JSON.parse(line)
		answer = { reply: (await new AsyncFunction('sharp', 'fs', 'args', code)(sharp, fs, args)) ?? null }
	} catch (error) {
		answer = { error: String(error?.message ?? error) }
	}
	process.stdout.write(JSON.stringify(answer) + '\n')
}
