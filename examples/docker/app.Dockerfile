# A Next.js application as an image: `output: 'standalone'` copies what the server needs, and nothing else is in it.
# compose.yaml gives it the application of examples/single as its context; for your own, this file fits as it is.
ARG NODE_IMAGE=docker.io/library/node:20-bookworm-slim

FROM ${NODE_IMAGE} AS builder
WORKDIR /app
COPY package.json package-lock.json .npmrc* ./
RUN --mount=type=cache,target=/root/.npm npm ci --no-audit --no-fund
COPY . .
ENV NEXT_TELEMETRY_DISABLED=1
# A standalone build leaves out what an edge or a CDN might serve; the server is complete with it.
RUN npm run build \
	&& mkdir -p public .next/cache \
	&& cp -a .next/static .next/standalone/.next/ \
	&& cp -a public .next/standalone/

FROM ${NODE_IMAGE}
WORKDIR /app
COPY --from=builder /app/.next/standalone ./
# HOSTNAME: Docker sets it to the name of the container, and Next.js would listen on that address only.
ENV NODE_ENV=production NEXT_TELEMETRY_DISABLED=1 HOSTNAME=0.0.0.0 PORT=3000
# Pictures and fetches that Next.js keeps; and where a volume may be mounted that the edge reads the build from.
RUN install --directory --owner=1000 --group=1000 .next/cache /build
USER 1000:1000
EXPOSE 3000
STOPSIGNAL SIGTERM
CMD ["node", "server.js"]
