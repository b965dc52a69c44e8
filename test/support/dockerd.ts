/**
 * A Docker Engine of a test's own, in a network namespace of its own: nothing is shared with the
 * machine's engine but the kernel. `nsenter --net` and not `ip netns exec`, which remounts /sys and
 * hides the cgroups from dockerd.
 */
import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, readFile, rm, symlink, copyFile, open } from 'node:fs/promises';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** The image that every test engine holds: static busybox, `PATH=/bin`. */
export const busyboxImage = 'mini-ecs-test/busybox:1';

export interface TestDockerd {
  socketPath: string;
  /** The network namespace's name, for `nsenter --net=/run/netns/<name>`. */
  namespace: string;
  /** SIGKILL: an engine crash. */
  crash(): Promise<void>;
  /** Starts the engine again on the same data. */
  restart(): Promise<void>;
  /** Removes all that was made. */
  close(): Promise<void>;
}

export async function startTestDockerd(): Promise<TestDockerd> {
  const folder = await mkdtemp(path.join(tmpdir(), 'mini-ecs-dockerd-'));
  const namespace = `mecs-${randomBytes(4).toString('hex')}`;
  const socketPath = path.join(folder, 'docker.sock');
  await run('ip', ['netns', 'add', namespace]);
  await run('ip', ['-n', namespace, 'link', 'set', 'lo', 'up']);
  let engine = await launch(namespace, folder, socketPath);
  await importBusybox(folder, socketPath);
  return {
    socketPath,
    namespace,
    async crash() {
      await end(engine, 'SIGKILL');
      await waitUntil(async () => !(await answers(socketPath)), 'dockerd to be gone');
    },
    async restart() {
      // Its containerd died with it; where nobody reaps the dead, dockerd would take the pid for a living one.
      await endContainerd(folder);
      await rm(path.join(folder, 'exec/containerd/containerd.pid'), { force: true });
      await rm(path.join(folder, 'docker.pid'), { force: true });
      engine = await launch(namespace, folder, socketPath);
    },
    async close() {
      await removeContainers(socketPath).catch(() => undefined);
      await end(engine, 'SIGTERM');
      await endContainerd(folder);
      await unmountUnder(folder);
      await run('ip', ['netns', 'delete', namespace]).catch(() => undefined);
      await rm(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
    },
  };
}

async function launch(namespace: string, folder: string, socketPath: string): Promise<ChildProcess> {
  const log = await open(path.join(folder, 'dockerd.log'), 'a');
  const engine = spawn(
    'nsenter',
    [
      `--net=/run/netns/${namespace}`,
      'dockerd',
      `--host=unix://${socketPath}`,
      `--data-root=${path.join(folder, 'data')}`,
      `--exec-root=${path.join(folder, 'exec')}`,
      `--pidfile=${path.join(folder, 'docker.pid')}`,
      '--bip=172.31.0.1/20',
      '--log-level=warn',
    ],
    { stdio: ['ignore', log.fd, log.fd] },
  );
  await log.close();
  try {
    await waitUntil(() => answers(socketPath), 'dockerd to answer', 30_000);
  } catch (error) {
    const text = await readFile(path.join(folder, 'dockerd.log'), 'utf8');
    throw new Error(`dockerd did not start:\n${text.slice(-2000)}`, { cause: error });
  }
  return engine;
}

async function importBusybox(folder: string, socketPath: string): Promise<void> {
  const root = path.join(folder, 'busybox');
  await mkdir(path.join(root, 'bin'), { recursive: true });
  await mkdir(path.join(root, 'tmp'));
  const busybox = ['/bin/busybox', '/usr/bin/busybox'].find((file) => existsSync(file));
  if (busybox === undefined) throw new Error('busybox-static is not installed');
  await copyFile(busybox, path.join(root, 'bin/busybox'));
  const { stdout } = await run(busybox, ['--list']);
  for (const applet of stdout.split('\n')) {
    if (applet !== '' && applet !== 'busybox') await symlink('busybox', path.join(root, 'bin', applet));
  }
  const tar = path.join(folder, 'busybox.tar');
  await run('tar', ['-C', root, '-cf', tar, '.']);
  await run('docker', ['-H', `unix://${socketPath}`, 'import', '--change', 'ENV PATH=/bin', tar, busyboxImage]);
}

const answers = (socketPath: string): Promise<boolean> =>
  new Promise((resolve) => {
    const ping = request({ socketPath, path: '/_ping', timeout: 1000, agent: false }, (response) => {
      response.resume();
      resolve(response.statusCode === 200);
    });
    ping.on('error', () => resolve(false));
    ping.on('timeout', () => ping.destroy());
    ping.end();
  });

async function end(engine: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (engine.exitCode !== null || engine.signalCode !== null) return;
  const gone = new Promise((resolve) => engine.once('exit', resolve));
  engine.kill(signal);
  const deadline = AbortSignal.timeout(20_000);
  await Promise.race([gone, delay(20_000, undefined, { signal: deadline }).catch(() => engine.kill('SIGKILL'))]);
}

/** The engine's own containerd survives a SIGKILL of dockerd: its pid file names it. */
async function endContainerd(folder: string): Promise<void> {
  const file = path.join(folder, 'exec/containerd/containerd.pid');
  const pid = Number(await readFile(file, 'utf8').catch(() => ''));
  if (!(pid > 1)) return;
  const command = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
  if (command.includes(folder)) process.kill(pid, 'SIGKILL');
}

async function removeContainers(socketPath: string): Promise<void> {
  const host = ['-H', `unix://${socketPath}`];
  const { stdout } = await run('docker', [...host, 'ps', '-aq']);
  const ids = stdout.split('\n').filter((id) => id !== '');
  if (ids.length > 0) await run('docker', [...host, 'rm', '-f', '-v', ...ids]);
}

async function unmountUnder(folder: string): Promise<void> {
  const mounts = await readFile('/proc/self/mounts', 'utf8');
  const points = mounts.split('\n').flatMap((line) => line.split(' ')[1] ?? []);
  for (const point of points.filter((each) => each.startsWith(`${folder}/`)).reverse()) {
    await run('umount', ['-l', point]).catch(() => undefined);
  }
  const netns = path.join(folder, 'exec/netns');
  for (const name of await readdir(netns).catch(() => []))
    await run('umount', ['-l', path.join(netns, name)]).catch(() => undefined);
}

async function waitUntil(condition: () => Promise<boolean>, what: string, timeoutMs = 10_000): Promise<void> {
  const deadline = Date.now() + timeoutMs;
  while (!(await condition())) {
    if (Date.now() > deadline) throw new Error(`Waited ${timeoutMs} ms for ${what}.`);
    await delay(50);
  }
}
