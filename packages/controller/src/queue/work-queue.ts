/**
 * Work in BullMQ: one queue a kind of work, and one of timers.
 *
 * A job says what to look at and is coalesced under that: `keepLastIfActive` leaves at most one active and one waiting
 * a key, so no hint is lost and no service is looked at twice at once. A delayed job, or one that waits for a retry, would
 * swallow hints of its key: so jobs here know neither, and timers are jobs of another queue that only add the plain job.
 */
import type { Clock, Logger } from '@mini-ecs/shared';
import { Queue, Worker, type Job, type JobsOptions } from 'bullmq';
import { Redis, type RedisOptions } from 'ioredis';
import { silenceMs } from '../store/redis-connection.ts';
import { WorkIntake } from './work-intake.ts';
import { workKey, type Work, type WorkHandler, type WorkKind, type WorkSink } from './work.ts';

export interface WorkQueueOptions {
  /** How to reach Redis. */
  redis: RedisOptions;
  log: Logger;
  clock: Clock;
  /** Of all keys; one hash tag, so that it works on Redis Cluster. @default '{mini-ecs-queue}' */
  prefix?: string;
  /** How long Redis may owe whoever adds work an answer; then that connection is dead. @default 10,000 */
  silenceMs?: number;
}

type QueueName = WorkKind | 'timers';

const concurrency: Record<QueueName, number> = { service: 8, placement: 4, timers: 4 };
const retryStrategy = (attempt: number): number => Math.min(20 * 2 ** attempt, 500);

/** A worker that dies leaves its job, and what waits behind it, to another within about 4 s. */
const survival = { lockDuration: 3_000, stalledInterval: 2_000, maxStalledCount: 1_000_000, runRetryDelay: 500 };
const removal = { removeOnComplete: true, removeOnFail: true } satisfies JobsOptions;

const firstBackoffMs = 1_000;
const lastBackoffMs = 60_000;
const closingMs = 2_000;

export class WorkQueue implements WorkSink {
  readonly #options: WorkQueueOptions & { prefix: string };
  /** Fails at once when Redis is away, and soon when it has vanished without a word: what is added is kept by the intake. */
  readonly #producer: Redis;
  readonly #queues: Record<QueueName, Queue<Work>>;
  readonly #intake: WorkIntake;
  /** Looks that could not be put into Redis, by key. */
  readonly #localTimers = new Map<string, NodeJS.Timeout>();
  /** How often in a row looking at a key has failed. */
  readonly #failures = new Map<string, number>();
  readonly #workers: Worker<Work>[] = [];
  #consumer: Redis | undefined;
  #isClosed = false;

  constructor(options: WorkQueueOptions) {
    this.#options = { prefix: '{mini-ecs-queue}', ...options };
    const { silenceMs: socketTimeout = silenceMs } = options;
    this.#producer = this.#connect({ enableOfflineQueue: false, maxRetriesPerRequest: 0, socketTimeout });
    this.#queues = { service: this.#queue('service'), placement: this.#queue('placement'), timers: this.#queue('timers') };
    this.#intake = new WorkIntake((work) => this.#enqueue(work), options.log);
    this.#producer.on('ready', () => this.#intake.retryNow());
  }

  add(work: readonly Work[]): void {
    this.#intake.add(work);
  }

  lookAgainAt(work: Work, at: number): void {
    if (this.#isClosed) return;
    const delay = Math.max(0, at - this.#options.clock.now());
    const id = `timer-${work.kind}-${workKey(work)}`;
    const options: JobsOptions = { ...removal, delay, deduplication: { id, replace: true, keepLastIfActive: true } };
    this.#queues.timers.add('look-again', work, options).catch((error: unknown) => {
      this.#options.log.warn({ err: error, work }, 'a timer could not be set in Redis, kept in memory');
      this.#setLocalTimer(id, work, delay);
    });
  }

  /** Starts to take work, here and in every other controller on the same Redis. `handle` is called once a key at a time. */
  work(handle: WorkHandler): void {
    this.#consumer ??= this.#connect({ maxRetriesPerRequest: null });
    const look = (job: Job<Work>): Promise<void> => this.#look(job.data, handle);
    this.#workers.push(
      this.#worker('service', look),
      this.#worker('placement', look),
      this.#worker('timers', (job) => this.#timerIsDue(job.data)),
    );
  }

  /** Waits for jobs under way, though not for long: one that is cut off is found by another controller, or by the next. */
  async close(): Promise<void> {
    this.#isClosed = true;
    for (const timer of this.#localTimers.values()) clearTimeout(timer);
    await Promise.all([within(closingMs, this.#intake.close()), ...this.#workers.map((worker) => this.#closeWorker(worker))]);
    await Promise.all(Object.values(this.#queues).map((queue) => within(closingMs, queue.close())));
    this.#producer.disconnect();
    this.#consumer?.disconnect();
  }

  #connect(options: RedisOptions): Redis {
    const redis = new Redis({ ...this.#options.redis, retryStrategy, connectionName: 'mini-ecs-queue', ...options });
    redis.on('error', (error) => this.#onError(error));
    return redis;
  }

  #queue(name: QueueName): Queue<Work> {
    const { prefix } = this.#options;
    const queue = new Queue<Work>(name, {
      connection: this.#producer,
      prefix,
      skipVersionCheck: true,
      skipWaitingForReady: true,
      streams: { events: { maxLen: 100 } },
    });
    queue.on('error', (error) => this.#onError(error));
    return queue;
  }

  /** A worker asks for Redis's version itself: unless it knows that it may block for milliseconds, timers are up to 1 s late. */
  #worker(name: QueueName, process: (job: Job<Work>) => Promise<void>): Worker<Work> {
    const worker = new Worker<Work>(name, process, {
      connection: this.#consumer!,
      prefix: this.#options.prefix,
      concurrency: concurrency[name],
      ...survival,
    });
    worker.on('error', (error) => this.#onError(error));
    return worker;
  }

  async #enqueue(work: Work[]): Promise<void> {
    const jobsOf = (kind: WorkKind) =>
      work
        .filter((each) => each.kind === kind)
        .map((data) => ({
          name: 'look',
          data,
          opts: { ...removal, deduplication: { id: workKey(data), keepLastIfActive: true } },
        }));
    await Promise.all(
      (['service', 'placement'] as const).map(async (kind) => {
        const jobs = jobsOf(kind);
        if (jobs.length > 0) await this.#queues[kind].addBulk(jobs);
      }),
    );
  }

  async #look(work: Work, handle: WorkHandler): Promise<void> {
    const key = `${work.kind}/${workKey(work)}`;
    try {
      await handle(work);
      this.#failures.delete(key);
    } catch (error) {
      const failures = (this.#failures.get(key) ?? 0) + 1;
      this.#failures.set(key, failures);
      const backoffMs = Math.min(firstBackoffMs * 2 ** (failures - 1), lastBackoffMs);
      this.#options.log.warn({ err: error, work, backoffMs }, 'could not finish a look, trying again');
      this.lookAgainAt(work, this.#options.clock.now() + backoffMs);
    }
  }

  async #timerIsDue(work: Work): Promise<void> {
    // Within the job: a timer is not over before its work is queued.
    await this.#enqueue([work]).catch(() => this.#intake.add([work]));
  }

  #setLocalTimer(id: string, work: Work, delay: number): void {
    if (this.#isClosed) return;
    clearTimeout(this.#localTimers.get(id));
    const timer = setTimeout(() => {
      this.#localTimers.delete(id);
      this.#intake.add([work]);
    }, delay);
    this.#localTimers.set(id, timer);
  }

  async #closeWorker(worker: Worker<Work>): Promise<void> {
    const isClosed = await within(
      closingMs,
      worker.close().then(() => true),
    );
    if (!isClosed) await within(closingMs, worker.close(true));
  }

  #onError(error: Error): void {
    if (!this.#isClosed) this.#options.log.debug({ err: error }, 'the queue lost Redis, or a job its lock');
  }
}

/** Undefined when it takes longer than `ms`, or fails. */
async function within<T>(ms: number, action: Promise<T>): Promise<T | undefined> {
  let timer: NodeJS.Timeout | undefined;
  const timeout = new Promise<undefined>((resolve) => {
    timer = setTimeout(() => resolve(undefined), ms);
  });
  try {
    return await Promise.race([action.catch(() => undefined), timeout]);
  } finally {
    clearTimeout(timer);
  }
}
