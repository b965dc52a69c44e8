/**
 * One controller's connection to the store. Commands take time on their way there and back, in order as on one connection,
 * and the store may be away: what was asked then may or may not be done. Once the controller has crashed, what is under way
 * to the store is still carried out, and nobody hears of it.
 */
import { StoreUnavailableError } from '../../packages/controller/src/store/store.ts';
import type * as S from '../../packages/controller/src/store/store.ts';
import type { AuditedStore } from './audited-store.ts';
import type { Dice } from './dice.ts';
import type { RunRecord } from './record.ts';
import type { VirtualTime } from './virtual-time.ts';

const usualLatencyMs = [0.05, 50] as const;

/** Whether the store answers; shared by all connections. */
export class StoreHealth {
  isAway = false;
  /** ms that a command or an answer takes: at least, at most. */
  latencyMs: readonly [number, number] = usualLatencyMs;
  lateProbability = 0;
  readonly #waiting = new Set<() => void>();

  leave(): void {
    this.isAway = true;
    for (const wake of this.#waiting) wake();
  }

  comeBack(): void {
    this.isAway = false;
  }

  /** As with a disk that takes its time for every append. */
  slowDown(): void {
    this.latencyMs = [5, 150];
    this.lateProbability = 0.03;
  }

  speedUp(): void {
    this.latencyMs = usualLatencyMs;
    this.lateProbability = 0;
  }

  /** Until the store goes away. */
  onLeave(listener: () => void): () => void {
    this.#waiting.add(listener);
    return () => this.#waiting.delete(listener);
  }
}

export interface ConnectionOptions {
  name: string;
  time: VirtualTime;
  dice: Dice;
  record: RunRecord;
  store: AuditedStore;
  health: StoreHealth;
  cluster: string;
  /** ms for which the controller is stopped (SIGSTOP) from now; 0: it runs. */
  stalledFor(): number;
}

export class StoreConnection implements S.Store {
  readonly #options: ConnectionOptions;
  #isDead = false;
  /** When the last command under way arrives, and the last answer: the next is not before it. */
  #lastArrival = 0;
  #lastAnswer = 0;
  /** The newest feed position of the cluster that was answered to this controller. */
  #followedTo = 0;

  constructor(options: ConnectionOptions) {
    this.#options = options;
  }

  /** The controller is gone: it hears of nothing any more. */
  kill(): void {
    this.#isDead = true;
  }

  identity = (): Promise<S.StoreIdentity> => this.#read('identity', () => this.#plain.identity());
  raiseEpoch = (): Promise<S.StoreIdentity> => this.#read('raiseEpoch', () => this.#plain.raiseEpoch());
  read = (partition: S.Partition, kind: S.RecordKind, ids: readonly string[]): Promise<(S.Fields | undefined)[]> =>
    this.#read('read', () => this.#plain.read(partition, kind, ids));
  feedEnd = (partition: S.Partition): Promise<number> => this.#read('feedEnd', () => this.#plain.feedEnd(partition));
  refusals = (cluster: string, requestId: string): Promise<string[]> =>
    this.#read('refusals', () => this.#plain.refusals(cluster, requestId));
  hints = (cluster: string): Promise<S.WorkHint[]> => this.#read('hints', () => this.#plain.hints(cluster));

  async readChanges(partition: S.Partition, since: number): Promise<S.Changes> {
    const changes = await this.#read('readChanges', () => this.#plain.readChanges(partition, since));
    if (changes.reset) this.#options.record.refusal('FEED_TRIMMED');
    if (!changes.reset && partition === this.#options.cluster) this.#followedTo = Math.max(this.#followedTo, changes.seq);
    return changes;
  }

  async *snapshot(partition: S.Partition): AsyncGenerator<S.StoredRecord[]> {
    for await (const chunk of this.#plain.snapshot(partition)) yield await this.#read('snapshot', () => Promise.resolve(chunk));
  }

  waitForChanges(positions: ReadonlyMap<S.Partition, number>, timeoutMs: number, signal?: AbortSignal): Promise<S.Partition[]> {
    const { health } = this.#options;
    if (this.#isDead) return never();
    if (health.isAway) return this.#fail();
    return new Promise((resolve, reject) => {
      const stop = new AbortController();
      const abort = (): void => stop.abort();
      signal?.addEventListener('abort', abort, { once: true });
      const forget = health.onLeave(() => {
        stop.abort();
        this.#fail().catch(reject);
      });
      void this.#plain.waitForChanges(positions, timeoutMs, stop.signal).then((passed) => {
        forget();
        signal?.removeEventListener('abort', abort);
        if (signal?.aborted) resolve([]);
        else this.#answer(() => resolve(passed));
      });
    });
  }

  enrolInstance = (command: S.EnrolInstance): Promise<S.EnrolmentResult> =>
    this.#write('enrolInstance', () => this.#plain.enrolInstance(command));
  put = (command: S.PutRecord): Promise<S.PutResult> => this.#write('put', () => this.#store.put(command));
  remove = (command: Parameters<S.Store['remove']>[0]): Promise<S.PutResult> =>
    this.#write('remove', () => this.#store.remove(command));
  registerTaskDefinition = (command: { family: string; fields: S.Fields }): Promise<{ revision: number; seq: number }> =>
    this.#write('registerTaskDefinition', () => this.#store.registerTaskDefinition(command));
  deleteCluster = (cluster: string): ReturnType<S.Store['deleteCluster']> =>
    this.#write('deleteCluster', () => this.#store.deleteCluster(cluster));
  createTasks = (command: S.CreateTasks): Promise<S.CreateTasksResult> =>
    this.#write('createTasks', () => this.#store.createTasks(command));
  stopTasks = (command: Parameters<S.Store['stopTasks']>[0]): ReturnType<S.Store['stopTasks']> =>
    this.#write('stopTasks', () => this.#store.stopTasks(command));
  commitService = (command: Parameters<S.Store['commitService']>[0]): Promise<S.CommitServiceResult> => {
    const followedTo = this.#followedTo;
    return this.#write('commitService', () => this.#store.commitService(command, followedTo));
  };
  commitPlacement = (command: S.CommitPlacement): Promise<S.CommitPlacementResult> =>
    this.#write('commitPlacement', () => this.#store.commitPlacement(command));
  reap = (command: Parameters<S.Store['reap']>[0]): ReturnType<S.Store['reap']> =>
    this.#write('reap', () => this.#store.reap(command));
  openSession = (command: S.OpenSession): Promise<S.OpenSessionResult> =>
    this.#write('openSession', () => this.#store.openSession(command));
  reportStatus = (command: S.ReportStatus): Promise<S.ReportStatusResult> =>
    this.#write('reportStatus', () => this.#store.reportStatus(command));
  refreshLeases = (command: S.RefreshLeases): Promise<{ superseded: string[] }> =>
    this.#write('refreshLeases', () => this.#store.refreshLeases(command));
  sweepLeases = (command: S.SweepLeases): Promise<S.SweepResult> =>
    this.#write('sweepLeases', () => this.#store.sweepLeases(command));
  abandonTasks = (command: S.AbandonTasks): Promise<S.AbandonResult> =>
    this.#write('abandonTasks', () => this.#store.abandonTasks(command));
  clearHint = (cluster: string, hint: S.WorkHint): Promise<void> =>
    this.#write('clearHint', () => this.#plain.clearHint(cluster, hint));

  close(): Promise<void> {
    return Promise.resolve();
  }

  get #store(): AuditedStore {
    return this.#options.store;
  }

  get #plain(): S.Store {
    return this.#options.store.plain;
  }

  /** Read at once, answered later: it may be old by then. */
  #read<R>(name: string, read: () => Promise<R>): Promise<R> {
    const { health, record } = this.#options;
    if (this.#isDead) return never();
    if (health.isAway) return this.#fail();
    record.tell(`${this.#options.name} ${name}`, () => '');
    return new Promise((resolve, reject) => {
      void read().then((result) => this.#answer(() => (health.isAway ? reject(unavailable()) : resolve(result))));
    });
  }

  #write<R>(name: string, apply: () => Promise<R>): Promise<R> {
    const { time, dice, health, record } = this.#options;
    if (this.#isDead) return never();
    if (health.isAway) return this.#fail();
    return new Promise((resolve, reject) => {
      const arrival = Math.max(this.#lastArrival, time.now + this.#options.stalledFor() + this.#latency() + this.#lateness(name));
      this.#lastArrival = arrival;
      time.after(arrival - time.now, () => {
        if (health.isAway) return this.#answer(() => reject(unavailable()));
        record.tell(`${this.#options.name} ${name}`, () => '');
        void apply().then((result) => {
          if (dice.chance(0.6) && !this.#isDead && this.#options.stalledFor() === 0 && this.#lastAnswer <= time.now)
            return resolve(result);
          this.#answer(() => (health.isAway ? reject(unavailable()) : resolve(result)));
        }, reject);
      });
    });
  }

  /** A segment lost on the way is sent again seconds later, and holds up what follows; what it rests on may be old by then. */
  #lateness(name: string): number {
    const { dice, health, record } = this.#options;
    if (health.lateProbability === 0 || !dice.chance(health.lateProbability)) return 0;
    record.fault('command late', () => `${this.#options.name} ${name}`);
    return dice.between(200, 4_000);
  }

  #latency(): number {
    return this.#options.dice.skewed(...this.#options.health.latencyMs);
  }

  #fail(): Promise<never> {
    return new Promise((_resolve, reject) => this.#answer(() => reject(unavailable())));
  }

  #answer(give: () => void): void {
    const { time } = this.#options;
    const at = Math.max(this.#lastAnswer, time.now + this.#options.stalledFor() + this.#latency());
    this.#lastAnswer = at;
    time.after(at - time.now, () => {
      if (!this.#isDead) give();
    });
  }
}

const unavailable = (): StoreUnavailableError => new StoreUnavailableError('the simulated store is away');
const never = (): Promise<never> => new Promise<never>(() => undefined);
