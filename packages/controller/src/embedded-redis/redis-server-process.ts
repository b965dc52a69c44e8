/** Starts redis-server on a directory. `flock` keeps a second one off it for as long as the first one lives, whoever started it. */
import { execFile, spawn } from 'node:child_process';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';

export class EmbeddedRedisError extends Error {
  readonly code = 'EMBEDDED_REDIS';
}

/** How a process ended: it found the directory taken by another redis-server, or why it did not live. */
export type RedisEnd = { taken: true } | { taken: false; reason: string };

export interface RedisServerProcess {
  /** Undefined while it lives. */
  ended(): RedisEnd | undefined;
  terminate(): void;
}

const lockedExitCode = 75;
/** What a unix socket's address holds (sun_path less its end). */
const longestSocketPath = 107;

export const socketPathOf = (directory: string): string => join(directory, 'redis.sock');

/** Every acknowledged write is on disk: `appendfsync always`. No TCP port; the socket and its directory are the owner's only. */
const serverArguments = (directory: string): string[] =>
  Object.entries({
    port: '0',
    unixsocket: socketPathOf(directory),
    unixsocketperm: '700',
    dir: directory,
    appendonly: 'yes',
    appendfsync: 'always',
    save: '',
    'maxmemory-policy': 'noeviction',
    daemonize: 'no',
  }).flatMap(([name, value]) => [`--${name}`, value]);

/** Throws EmbeddedRedisError, saying what to do, when this machine cannot run it. */
export async function checkRedisInstalled(directory: string): Promise<void> {
  if (Buffer.byteLength(socketPathOf(directory)) > longestSocketPath) {
    throw new EmbeddedRedisError(
      `The path of Redis's socket is too long for the system (${socketPathOf(directory)}): choose a shorter MINI_ECS_DATA_DIR.`,
    );
  }
  await checkProgram('redis-server', 'redis-server');
  await checkProgram('flock', 'util-linux');
}

async function checkProgram(program: string, debianPackage: string): Promise<void> {
  try {
    await promisify(execFile)(program, ['--version']);
  } catch (error) {
    throw new EmbeddedRedisError(
      `${program} cannot be run (${(error as Error).message.trim()}). Install it (Debian: apt-get install ${debianPackage}), ` +
        `or run Redis yourself and set MINI_ECS_REDIS_URL.`,
    );
  }
}

/** In a session of its own: a Ctrl-C meant for the controller does not reach it. */
export function startRedisServer(directory: string): RedisServerProcess {
  const logFile = join(directory, 'redis.log');
  const log = openSync(logFile, 'a', 0o600);
  const lock = ['--nonblock', '--conflict-exit-code', String(lockedExitCode), '--no-fork', join(directory, 'redis.lock')];
  const child = spawn('flock', [...lock, 'redis-server', ...serverArguments(directory)], {
    detached: true,
    stdio: ['ignore', log, log],
  });
  closeSync(log);
  child.unref();
  let end: RedisEnd | undefined;
  child.on('error', (error) => {
    end = { taken: false, reason: error.message };
  });
  child.on('exit', (code, signal) => {
    const how = signal === null ? `exit code ${code}` : `signal ${signal}`;
    end = code === lockedExitCode ? { taken: true } : { taken: false, reason: `${how}; ${logFile} ends: ${lastLines(logFile)}` };
  });
  return { ended: () => end, terminate: () => child.kill('SIGTERM') };
}

/** Said in place of them when they cannot be read: somebody may have removed the directory. */
function lastLines(file: string): string {
  try {
    return readFileSync(file, 'utf8').trimEnd().split('\n').slice(-3).join(' / ');
  } catch (error) {
    return (error as Error).message;
  }
}
