/**
 * A throwaway Redis for tests: the real redis-server with the embedded one's durability (append-only file, fsync before each
 * answer), on a unix socket in a directory of its own, no TCP port.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

export interface TestRedis {
  /** Path of the unix socket. */
  socket: string;
  /** What RedisStore.connect and `new Redis()` take. */
  url: string;
  /** Its data directory. */
  directory: string;
  readonly pid: number;
  /** Kills it (SIGKILL unless told otherwise) and leaves it dead; what it acknowledged is in its directory. */
  kill(signal?: NodeJS.Signals): Promise<void>;
  /** Starts it again on the same data; resolves once it answers. */
  start(): Promise<void>;
  /** kill and start. */
  restart(): Promise<void>;
  /** Ends it and removes its directory. */
  stop(): Promise<void>;
}

export interface TestRedisOptions {
  /** @default always */
  appendfsync?: 'always' | 'everysec' | 'no';
}

const deadlineMs = 20_000;
const logName = 'redis.log';

export async function startTestRedis({ appendfsync = 'always' }: TestRedisOptions = {}): Promise<TestRedis> {
  const directory = await mkdtemp(join(tmpdir(), 'mini-ecs-redis-'));
  const socket = join(directory, 'redis.sock');
  let server: ChildProcess | undefined;

  const kill = async (signal: NodeJS.Signals = 'SIGKILL'): Promise<void> => {
    const ending = server;
    server = undefined;
    if (!ending || ending.exitCode !== null || ending.signalCode !== null) return;
    const exit = once(ending, 'exit');
    ending.ref();
    ending.kill(signal);
    await exit;
  };
  const killOnExit = (): void => void server?.kill('SIGKILL');
  // What ava ends by a signal is told of no exit otherwise.
  const exitOnSignal = (): void => process.exit(143);
  const start = async (): Promise<void> => {
    server = spawn('redis-server', redisArguments(directory, socket, appendfsync), { stdio: 'ignore' });
    // Whoever forgets it still ends.
    server.unref();
    await untilItAnswers(socket, server);
  };
  const stop = async (): Promise<void> => {
    process.off('exit', killOnExit);
    process.off('SIGTERM', exitOnSignal);
    await kill();
    await rm(directory, { recursive: true, force: true });
  };

  process.on('exit', killOnExit);
  process.once('SIGTERM', exitOnSignal);
  try {
    await start();
  } catch (error) {
    await stop();
    throw error;
  }
  return {
    socket,
    url: socket,
    directory,
    get pid() {
      return server?.pid ?? 0;
    },
    kill,
    start,
    restart: async () => {
      await kill();
      await start();
    },
    stop,
  };
}

function redisArguments(directory: string, socket: string, appendfsync: string): string[] {
  const settings = {
    port: '0',
    unixsocket: socket,
    unixsocketperm: '700',
    logfile: join(directory, logName),
    dir: directory,
    appendonly: 'yes',
    appendfsync,
    save: '',
    'maxmemory-policy': 'noeviction',
    loglevel: 'warning',
  };
  return Object.entries(settings).flatMap(([name, value]) => [`--${name}`, value]);
}

async function untilItAnswers(socket: string, server: ChildProcess): Promise<void> {
  const deadline = Date.now() + deadlineMs;
  let failure: Error | undefined;
  server.once('error', (error) => (failure = error));
  while (Date.now() < deadline) {
    if (failure) throw new Error(`redis-server does not start: ${failure.message}`);
    if (server.exitCode !== null || server.signalCode !== null)
      throw new Error(`redis-server ended while starting: ${await logOf(socket)}`);
    if (await answersPing(socket)) return;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  throw new Error(`redis-server on ${socket} did not answer within ${deadlineMs} ms`);
}

const logOf = (socket: string): Promise<string> =>
  readFile(join(dirname(socket), logName), 'utf8').catch(() => 'it wrote no log');

/** True once it has loaded its data: until then it replies -LOADING. */
function answersPing(socket: string): Promise<boolean> {
  return new Promise((resolve) => {
    const connection = connect(socket);
    const answer = (isThere: boolean): void => {
      connection.destroy();
      resolve(isThere);
    };
    connection.once('error', () => answer(false));
    connection.once('close', () => answer(false));
    connection.once('connect', () => connection.write('PING\r\n'));
    connection.once('data', (data) => answer(data.toString().startsWith('+PONG')));
    connection.setTimeout(1_000, () => answer(false));
  });
}
