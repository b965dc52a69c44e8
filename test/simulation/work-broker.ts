/**
 * The work queue that all controllers share, as BullMQ on one Redis is it (queue/work-queue.ts): keyed and coalesced, at
 * most one job active and one waiting a key, a crashed worker's job given to another after a while, a failed one looked at
 * again after a back-off. Jobs can be lost, late, and done by two workers at once (a lock that ran out).
 */
import { workKey, type Work, type WorkHandler, type WorkSink } from '../../packages/controller/src/queue/work.ts';
import type { Clock } from '@mini-ecs/shared';
import type { Dice } from './dice.ts';
import type { RunRecord } from './record.ts';
import type { StoreHealth } from './store-connection.ts';
import type { Planned, VirtualTime } from './virtual-time.ts';

const stalledAfterMs = 4_000;
const firstBackoffMs = 1_000;
const lastBackoffMs = 60_000;
/** How soon an add that Redis did not take is tried again. */
const retryMs = 500;

const keyOf = (work: Work): string => `${work.kind}/${workKey(work)}`;

export interface JobFaults {
  lost: number;
  late: number;
  twice: number;
}

export interface BrokerOptions {
  time: VirtualTime;
  dice: Dice;
  record: RunRecord;
  health: StoreHealth;
}

export class WorkBroker {
  /** Probabilities. */
  faults: JobFaults = { lost: 0, late: 0, twice: 0 };
  readonly options: BrokerOptions;
  readonly #workers: BrokerClient[] = [];
  readonly #waiting = new Map<string, Work>();
  readonly #active = new Map<string, BrokerClient>();
  readonly #timers = new Map<string, Planned>();
  readonly #failures = new Map<string, number>();

  constructor(options: BrokerOptions) {
    this.options = options;
  }

  get isIdle(): boolean {
    return this.#waiting.size === 0 && this.#active.size === 0;
  }

  connect(clock: Clock, stalledFor: () => number): BrokerClient {
    return new BrokerClient(this, clock, stalledFor);
  }

  join(worker: BrokerClient): void {
    this.#workers.push(worker);
  }

  /** Its jobs are found stalled later. */
  leave(worker: BrokerClient): void {
    const index = this.#workers.indexOf(worker);
    if (index >= 0) this.#workers.splice(index, 1);
    for (const [key, by] of this.#active) {
      if (by !== worker) continue;
      const [kind, cluster = '', service = ''] = key.split('/');
      const work: Work = kind === 'service' ? { kind, cluster, service } : { kind: 'placement', cluster };
      this.options.time.after(stalledAfterMs, () => {
        this.#active.delete(key);
        this.#waiting.set(key, work);
        this.#startSoon(key);
      });
    }
  }

  add(work: Work): void {
    const { time, dice, record, health } = this.options;
    if (health.isAway) return void time.after(retryMs, () => this.add(work));
    const key = keyOf(work);
    if (dice.chance(this.faults.lost)) return record.fault('job lost', () => key);
    this.#waiting.set(key, work);
    this.#startSoon(key);
    const by = this.#active.get(key);
    if (!by || !dice.chance(this.faults.twice)) return;
    record.fault('job done twice at once', () => key);
    this.#start(key, work, this.#anotherWorker(by));
  }

  lookAgainIn(work: Work, delayMs: number): void {
    const key = keyOf(work);
    this.#timers.get(key)?.cancel();
    this.#timers.set(
      key,
      this.options.time.after(delayMs, () => this.add(work)),
    );
  }

  #startSoon(key: string): void {
    const { time, dice, record } = this.options;
    const isLate = dice.chance(this.faults.late);
    if (isLate) record.fault('job late', () => key);
    time.after(isLate ? dice.between(100, 4_000) : dice.between(0.1, 3), () => this.#startWaiting(key));
  }

  #startWaiting(key: string): void {
    const work = this.#waiting.get(key);
    if (!work || this.#active.has(key)) return;
    if (this.options.health.isAway || this.#workers.length === 0) {
      this.options.time.after(retryMs, () => this.#startWaiting(key));
      return;
    }
    this.#waiting.delete(key);
    const worker = this.options.dice.pick(this.#workers);
    this.#active.set(key, worker);
    this.#start(key, work, worker);
  }

  #anotherWorker(than: BrokerClient): BrokerClient {
    const others = this.#workers.filter((each) => each !== than);
    return others.length > 0 ? this.options.dice.pick(others) : than;
  }

  #start(key: string, work: Work, worker: BrokerClient): void {
    const end = (isFailed: boolean): void => {
      if (!this.#workers.includes(worker)) return;
      if (this.#active.get(key) === worker) this.#active.delete(key);
      if (isFailed) this.#lookAgainAfterFailure(key, work);
      else this.#failures.delete(key);
      if (this.#waiting.has(key)) this.#startSoon(key);
    };
    worker.handle(work).then(
      () => end(false),
      (error: unknown) => {
        this.options.record.tell('job failed', () => `${key} ${String(error)}`);
        if (!(error instanceof Error) || !('code' in error)) this.options.record.violated(`a job failed: ${errorText(error)}`);
        end(true);
      },
    );
  }

  #lookAgainAfterFailure(key: string, work: Work): void {
    const failures = (this.#failures.get(key) ?? 0) + 1;
    this.#failures.set(key, failures);
    this.lookAgainIn(work, Math.min(firstBackoffMs * 2 ** (failures - 1), lastBackoffMs));
  }
}

const errorText = (error: unknown): string => (error instanceof Error ? (error.stack ?? error.message) : String(error));

/** One controller's end of the queue. */
export class BrokerClient implements WorkSink {
  readonly #broker: WorkBroker;
  readonly #clock: Clock;
  readonly #stalledFor: () => number;
  #handle: WorkHandler | undefined;
  #isDead = false;

  constructor(broker: WorkBroker, clock: Clock, stalledFor: () => number) {
    this.#broker = broker;
    this.#clock = clock;
    this.#stalledFor = stalledFor;
  }

  add(work: readonly Work[]): void {
    if (this.#isDead || work.length === 0) return;
    const { time, dice } = this.#broker.options;
    time.after(this.#stalledFor() + dice.between(0.05, 1), () => {
      if (!this.#isDead) for (const each of work) this.#broker.add(each);
    });
  }

  lookAgainAt(work: Work, at: number): void {
    if (!this.#isDead) this.#broker.lookAgainIn(work, at - this.#clock.now());
  }

  work(handle: WorkHandler): void {
    this.#handle = handle;
    this.#broker.join(this);
  }

  async handle(work: Work): Promise<void> {
    await this.#handle?.(work);
  }

  /** The controller crashed: what it had not queued yet is lost. */
  kill(): void {
    this.#isDead = true;
    this.#broker.leave(this);
  }
}
