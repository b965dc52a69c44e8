/**
 * A connection to Redis that says quickly when Redis is away. What was sent is never sent twice by itself: a command
 * whose reply was lost with the connection fails with StoreUnavailableError, and may have been carried out.
 */
import { afterWakingTime, type Logger } from '@mini-ecs/shared';
import { Redis, ReplyError, type RedisOptions } from 'ioredis';
import { StoreUnavailableError } from './store.ts';

/** How long a command waits for a lost connection to come back. */
const patienceMs = 5_000;
/** Redis says nothing for so long while it owes a reply: the connection is dead. */
export const silenceMs = 10_000;

/**
 * Connection options for `redis://…`, `rediss://…`, `unix:///path/to/socket` or a bare path.
 * For anything else that connects to the same Redis, BullMQ for one.
 */
export function redisOptions(url: string): RedisOptions {
  if (url.startsWith('/')) return { path: url };
  const { protocol, hostname, port, username, password, pathname } = new URL(url);
  if (protocol === 'unix:') return { path: decodeURIComponent(pathname) };
  if (protocol !== 'redis:' && protocol !== 'rediss:') throw new Error(`Not the URL of a Redis: ${protocol}//…`);
  return {
    host: hostname.replace(/^\[(.*)\]$/, '$1') || '127.0.0.1',
    port: port === '' ? 6379 : Number(port),
    ...(username === '' ? {} : { username: decodeURIComponent(username) }),
    ...(password === '' ? {} : { password: decodeURIComponent(password) }),
    ...(pathname.length > 1 ? { db: Number(pathname.slice(1)) } : {}),
    ...(protocol === 'rediss:' ? { tls: {} } : {}),
  };
}

/** Replies by which a Redis that is there says that it cannot serve now. */
const unavailableReply = /^(LOADING|BUSY|MASTERDOWN|CLUSTERDOWN|READONLY|MISCONF|OOM|NOREPLICAS|TRYAGAIN)\b/;

/** Redis refused the command itself, or this program is wrong: nothing that waiting would mend. */
const isFault = (error: unknown): boolean =>
  error instanceof TypeError || (error instanceof ReplyError && !unavailableReply.test((error as Error).message));

/** A command that waits for the connection: called when it is there (or with what is wrong). */
type Waiting = (unavailable?: StoreUnavailableError) => void;

export class RedisConnection {
  readonly #redis: Redis;
  readonly #where: string;
  readonly #waiting = new Set<Waiting>();
  /** Why the connection is away. */
  #lastError: string | undefined;

  /** `prepare` sends what every new connection begins with; it is not waited for. */
  constructor(options: RedisOptions, name: string, log: Logger, prepare?: (redis: Redis) => void) {
    this.#where = options.path ?? `${options.host}:${options.port}`;
    this.#redis = new Redis({
      ...options,
      connectionName: name,
      protocol: 2,
      enableOfflineQueue: false,
      autoResendUnfulfilledCommands: false,
      maxRetriesPerRequest: 0,
      socketTimeout: silenceMs,
      retryStrategy: (attempt) => Math.min(20 * 2 ** attempt, 500),
    });
    this.#redis.on('error', (error: Error) => {
      if (error.message !== this.#lastError)
        log.warn({ redis: this.#where, connection: name, error: error.message }, 'Redis is away');
      this.#lastError = error.message;
    });
    this.#redis.on('ready', () => {
      if (this.#lastError !== undefined) log.info({ redis: this.#where, connection: name }, 'Redis is back');
      this.#lastError = undefined;
      prepare?.(this.#redis);
      for (const go of this.#waiting) go();
    });
  }

  /** Sends once connected. Throws StoreUnavailableError when Redis is away; Redis's own errors as they are. */
  async run<T>(action: (redis: Redis) => Promise<T>): Promise<T> {
    if (this.#redis.status !== 'ready') await this.#connected();
    this.#gather();
    try {
      return await action(this.#redis);
    } catch (error) {
      if (isFault(error)) throw error;
      throw this.#unavailable(
        error instanceof ReplyError ? (error as Error).message : 'the connection was lost before its reply came',
      );
    }
  }

  close(): void {
    this.#redis.disconnect();
    for (const go of this.#waiting) go(this.#unavailable('the store was closed'));
  }

  /** What is sent within one turn of the event loop goes out in one write: under load a system call a command costs more than the command. */
  #gather(): void {
    const { stream } = this.#redis;
    if (stream.writableCorked > 0) return;
    stream.cork();
    setImmediate(() => stream.uncork());
  }

  #connected(): Promise<void> {
    if (this.#redis.status === 'end') return Promise.reject(this.#unavailable('the store was closed'));
    return new Promise((resolve, reject) => {
      const cancel = afterWakingTime(patienceMs, () => go(this.#unavailable(this.#lastError ?? 'not connected')));
      const go: Waiting = (unavailable) => {
        cancel();
        this.#waiting.delete(go);
        if (unavailable) reject(unavailable);
        else resolve();
      };
      this.#waiting.add(go);
    });
  }

  #unavailable(why: string): StoreUnavailableError {
    return new StoreUnavailableError(`Redis at ${this.#where} does not answer: ${why}`);
  }
}
