/**
 * The Redis that a controller runs for itself when it is given none.
 *
 * It outlives the controller: one that was killed leaves it to the next, which adopts it. Several controllers on the same data
 * directory share one, and each starts it again when it dies; the lock of its process decides who does. The last controller
 * that stops in good order stops it.
 */
import { once } from 'node:events';
import { chmod, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { withinWakingTime, type Logger } from '@mini-ecs/shared';
import { Redis } from 'ioredis';
import { checkRedisInstalled, EmbeddedRedisError, socketPathOf, startRedisServer } from './redis-server-process.ts';
import type { RedisServerProcess } from './redis-server-process.ts';

export interface EmbeddedRedisOptions {
  /** The controller's data directory; Redis lives in `redis/` of it. */
  dataDir: string;
  log: Logger;
  /** ms to wait at the start for one that does not answer; one that loads its data is waited for without end. @default 10000 */
  startTimeoutMs?: number;
}

/** Names of the connections that tell how many controllers use it. */
const controllerName = 'mini-ecs-controller';
const leavingName = 'mini-ecs-leaving';

const firstPollMs = 10;
const lastPollMs = 500;
const stopTimeoutMs = 10_000;
const pingTimeoutMs = 2_000;

/** ABSENT: nobody listens. SILENT: somebody may, and does not answer. */
type Answer = Redis | 'LOADING' | 'ABSENT' | 'SILENT';

export class EmbeddedRedis {
  readonly socketPath: string;
  readonly #directory: string;
  readonly #log: Logger;
  readonly #closing = new AbortController();
  #server: RedisServerProcess | undefined;
  #hasAnswered = false;
  /** Open for as long as the server lives; its end is the server's. */
  #watch: Redis | undefined;
  #supervision: Promise<void> = Promise.resolve();

  private constructor(directory: string, log: Logger) {
    this.#directory = directory;
    this.#log = log;
    this.socketPath = socketPathOf(directory);
  }

  /** Resolves when Redis answers. Throws EmbeddedRedisError, saying what to do, when it cannot be run. */
  static async start({ dataDir, log, startTimeoutMs = 10_000 }: EmbeddedRedisOptions): Promise<EmbeddedRedis> {
    const directory = join(dataDir, 'redis');
    await mkdir(directory, { recursive: true, mode: 0o700 });
    await chmod(directory, 0o700);
    await checkRedisInstalled(directory);
    const redis = new EmbeddedRedis(directory, log);
    await redis.#ensureRunning(startTimeoutMs);
    redis.#supervision = redis.#supervise();
    return redis;
  }

  /** Stops it, unless another controller uses it. */
  async close(): Promise<void> {
    this.#closing.abort();
    await this.#supervision;
    // While it is looked for, a connection may be there for a moment that another controller counts when it leaves. So whoever
    // leaves in that moment looks once more, and is the last to count.
    const answer = this.#watch ?? (await this.#lastLook());
    if (answer instanceof Redis) await this.#leave(answer);
    else this.#server?.terminate();
  }

  /** One that is silent may only stand still, and would stay behind for ever; that none is there is told at once. */
  async #lastLook(): Promise<Answer> {
    const deadline = performance.now() + stopTimeoutMs;
    for (;;) {
      const answer = await connectTo(this.socketPath);
      if (answer !== 'SILENT' || performance.now() > deadline) return answer;
      await pause(firstPollMs);
    }
  }

  async #supervise(): Promise<void> {
    const closing = once(this.#closing.signal, 'abort');
    for (;;) {
      if (this.#watch) await Promise.race([endOf(this.#watch), closing]);
      if (this.#closing.signal.aborted) return;
      this.#watch = undefined;
      this.#log.warn({ directory: this.#directory }, 'Redis ended, starting it again');
      try {
        await this.#ensureRunning(Infinity);
      } catch (error) {
        this.#log.error({ err: error }, 'Redis cannot be started, trying again');
        await this.#pause(lastPollMs);
      }
    }
  }

  /** Adopts the one that answers, or starts one. */
  async #ensureRunning(timeoutMs: number): Promise<void> {
    const deadline = performance.now() + timeoutMs;
    let isToldLoading = false;
    for (let pollMs = firstPollMs; !this.#closing.signal.aborted; pollMs = Math.min(pollMs * 1.5, lastPollMs)) {
      const answer = await connectTo(this.socketPath);
      if (answer instanceof Redis) {
        this.#watch = answer;
        this.#hasAnswered = true;
        return;
      }
      if (answer === 'LOADING') {
        if (!isToldLoading) this.#log.info('Redis is loading its data');
        isToldLoading = true;
      } else if (performance.now() > deadline) {
        throw new EmbeddedRedisError(`Redis does not answer at ${this.socketPath}, and another one holds ${this.#directory}.`);
      } else {
        this.#startUnlessStarting();
      }
      await this.#pause(pollMs);
    }
  }

  /** Throws for a server that died before it answered. */
  #startUnlessStarting(): void {
    const end = this.#server?.ended();
    if (this.#server && !end) return;
    this.#server = undefined;
    const diedAtStart = end && !end.taken && !this.#hasAnswered;
    this.#hasAnswered = false;
    if (diedAtStart) throw new EmbeddedRedisError(`redis-server did not start: ${end.reason}`);
    this.#server = startRedisServer(this.#directory);
  }

  /**
   * Redis puts the renaming and the counting of all controllers in one order, so of several that leave at once the last one
   * sees no other.
   */
  async #leave(watch: Redis): Promise<void> {
    const isOver = (): Error => new Error('Redis did not stop in time');
    const left = Promise.race([stopUnlessShared(watch), endOf(watch)]);
    await withinWakingTime(stopTimeoutMs, left, isOver).catch((error: unknown) => {
      this.#log.debug({ err: error }, 'Redis ended before it was stopped, or does not answer');
    });
    watch.disconnect();
  }

  async #pause(ms: number): Promise<void> {
    await pause(ms, undefined, { signal: this.#closing.signal }).catch(() => undefined);
  }
}

async function stopUnlessShared(redis: Redis): Promise<void> {
  await redis.client('SETNAME', leavingName);
  const clients = String(await redis.client('LIST'));
  const others = clients.split('\n').filter((line) => line.includes(` name=${controllerName} `)).length;
  // The connection ends with the server, and with it the command.
  if (others === 0) await redis.shutdown();
}

async function endOf(redis: Redis): Promise<void> {
  if (redis.status !== 'end') await new Promise((resolve) => redis.once('end', resolve));
}

async function connectTo(socketPath: string): Promise<Answer> {
  const redis = new Redis({
    path: socketPath,
    connectionName: controllerName,
    lazyConnect: true,
    enableReadyCheck: false,
    retryStrategy: () => null,
    maxRetriesPerRequest: 0,
    connectTimeout: 1_000,
  });
  let failure: Error | undefined;
  redis.on('error', (error) => (failure = error));
  try {
    await redis.connect();
    await withinWakingTime(pingTimeoutMs, redis.ping(), () => new Error('no answer to a ping'));
    return redis;
  } catch (error) {
    redis.disconnect();
    if ((error as Error).message.startsWith('LOADING')) return 'LOADING';
    const { code = '' } = (failure ?? error) as NodeJS.ErrnoException;
    return ['ENOENT', 'ECONNREFUSED'].includes(code) ? 'ABSENT' : 'SILENT';
  }
}
