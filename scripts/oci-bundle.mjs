// oci-bundle.mjs BUNDLE IMAGE-CONFIG ROOTFS OPTIONS...: writes the configuration of a container of an image for an OCI runtime, as Docker
// would: the image's user, environment and command, its file system, Docker's capabilities, and no namespace for the network.
// OPTIONS are JSON: env, args, user, readonly, hardened (no new privileges, and CAP_NET_BIND_SERVICE at most), caps, and mounts, which
// add up.
import { readFileSync, writeFileSync } from 'node:fs'

const [bundle, imageConfig, rootfs, ...given] = process.argv.slice(2)
const image = JSON.parse(readFileSync(imageConfig, 'utf8'))
const parsed = given.map((json) => JSON.parse(json))
const options = Object.assign({ env: {}, readonly: true, hardened: false }, ...parsed)
options.mounts = parsed.flatMap(({ mounts }) => mounts ?? [])
const [uid, gid] = (options.user ?? image.User).split(':').map(Number)
const docker = ['CHOWN', 'DAC_OVERRIDE', 'FSETID', 'FOWNER', 'MKNOD', 'NET_RAW', 'SETGID', 'SETUID', 'SETFCAP', 'SETPCAP', 'NET_BIND_SERVICE', 'SYS_CHROOT', 'KILL', 'AUDIT_WRITE']
const bounding = (options.caps ?? (options.hardened ? ['NET_BIND_SERVICE'] : docker)).map((name) => `CAP_${name}`)
const mount = (destination, type, source, ...opts) => ({ destination, type, source, options: opts })

writeFileSync(
  `${bundle}/config.json`,
  JSON.stringify({
    ociVersion: '1.0.0',
    process: {
      user: { uid, gid },
      cwd: image.WorkingDir || '/',
      args: options.args ?? [...(image.Entrypoint ?? []), ...(image.Cmd ?? [])],
      env: [...(image.Env ?? []), ...Object.entries(options.env).map(([name, value]) => `${name}=${value}`)],
      // A process of root's loses these when it becomes another user; what a binary may take from them is said by its file.
      capabilities: { bounding, effective: [], permitted: [], inheritable: [], ambient: [] },
      noNewPrivileges: options.hardened,
    },
    root: { path: rootfs, readonly: options.readonly },
    mounts: [
      mount('/proc', 'proc', 'proc', 'nosuid', 'noexec', 'nodev'),
      mount('/dev', 'tmpfs', 'tmpfs', 'nosuid', 'strictatime', 'mode=755', 'size=65536k'),
      ...options.mounts.map(({ to, from, tmpfs }) =>
        tmpfs ? mount(to, 'tmpfs', 'tmpfs', 'nosuid', 'nodev', ...tmpfs) : mount(to, 'bind', from, 'rbind', 'nosuid', 'nodev'),
      ),
    ],
    linux: {
      namespaces: ['pid', 'ipc', 'uts', 'mount'].map((type) => ({ type })),
      maskedPaths: ['/proc/kcore', '/proc/keys', '/proc/sysrq-trigger'],
      readonlyPaths: ['/proc/bus', '/proc/fs', '/proc/irq', '/proc/sys'],
    },
  }),
)
