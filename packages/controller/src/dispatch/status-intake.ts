/**
 * Writes the statuses that one session reports. While a write is in flight the next reports gather; then they go
 * together as one command, newest per task. So an idle session waits for nothing, and a busy one makes few writes.
 * A report is acknowledged only once it is in the store: whatever fails before is sent again by the agent.
 */
import type { Clock, Logger, TaskStatusReceived } from '@mini-ecs/shared';
import { taskStatusRank } from '@mini-ecs/shared';
import type { TaskObservation } from '../domain/task.ts';
import type { Projections } from '../projection/projection.ts';
import { encodeObservation } from '../store/records.ts';
import type { StatusWrite, Store } from '../store/store.ts';
import { taskObservation } from './task-observation.ts';

/** Task statuses a session may have waiting; what is beyond is not acknowledged and comes again. */
const maxWaiting = 20_000;

export interface StatusIntakeOptions {
  store: Pick<Store, 'reportStatus'>;
  projections: Projections;
  clock: Clock;
  log: Logger;
  cluster: string;
  instance: string;
  session: string;
  acknowledge(sequence: number, unknownTasks: string[]): void;
  /** The store refused a write as a whole: the session is not the instance's current one. */
  onRefused(): void;
}

interface Report {
  sequence: number;
  statuses: TaskStatusReceived[];
  receivedAt: number;
}

/** Null: the store refused the write as a whole. */
type UnknownTasks = Set<string> | null;

export class StatusIntake {
  readonly #options: StatusIntakeOptions;
  #waiting: Report[] = [];
  #waitingStatuses = 0;
  #flushing: Promise<void> | undefined;
  #closed = false;
  #isFailing = false;
  /** Own writes that the projection may not show yet. */
  readonly #recent = new Map<string, { observed: TaskObservation; seq: number }>();
  /** What was logged as unreadable, once each. */
  readonly #unreadable = new Set<string>();

  constructor(options: StatusIntakeOptions) {
    this.#options = options;
  }

  /** Takes a report in; it is acknowledged later, or not at all. */
  report(sequence: number, statuses: TaskStatusReceived[]): void {
    if (this.#closed || this.#waitingStatuses + statuses.length > maxWaiting) return;
    this.#waiting.push({ sequence, statuses, receivedAt: this.#options.clock.now() });
    this.#waitingStatuses += statuses.length;
    this.#flushing ??= this.#flush();
  }

  /** The statuses of a Hello, before any report. False when the store refuses the session; throws when the store fails. */
  async reportAll(statuses: TaskStatusReceived[]): Promise<boolean> {
    const unknown = await this.#write([{ sequence: 0, statuses, receivedAt: this.#options.clock.now() }]);
    if (unknown && unknown.size > 0) this.#options.acknowledge(0, [...unknown]);
    return unknown !== null;
  }

  /** Nothing is taken in any more; resolves when no write is in flight. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#waiting = [];
    await this.#flushing;
  }

  async #flush(): Promise<void> {
    while (this.#waiting.length > 0) {
      const reports = this.#waiting;
      this.#waiting = [];
      this.#waitingStatuses = 0;
      try {
        const unknown = await this.#write(reports);
        if (unknown === null) this.#options.onRefused();
        else this.#acknowledge(reports, unknown);
        this.#isFailing = false;
      } catch (error) {
        if (!this.#isFailing)
          this.#options.log.warn({ err: error }, 'Task statuses could not be stored; the agent will send them again.');
        this.#isFailing = true;
      }
    }
    this.#flushing = undefined;
  }

  #acknowledge(reports: readonly Report[], unknown: ReadonlySet<string>): void {
    if (this.#closed) return;
    for (const { sequence, statuses } of reports) {
      const own = statuses.filter(({ taskId }) => unknown.has(taskId));
      this.#options.acknowledge(
        sequence,
        own.map(({ taskId }) => taskId),
      );
    }
  }

  async #write(reports: readonly Report[]): Promise<UnknownTasks> {
    const { store, projections, clock, cluster, instance, session } = this.#options;
    await this.#catchUpWith(reports);
    const observations = this.#newestPerTask(reports);
    const writes: StatusWrite[] = [];
    for (const [task, observed] of observations) {
      if (!this.#isStored(task, observed)) writes.push(encodeObservation(task, observed));
    }
    const unknown = new Set<string>();
    if (writes.length === 0) return unknown;
    const result = await store.reportStatus({ cluster, instance, session, now: clock.now(), reports: writes });
    if (!result.ok) return null;
    const position = projections.peek(cluster)?.position ?? 0;
    for (const [index, { task }] of writes.entries()) {
      const outcome = result.outcomes[index];
      if (outcome === 'UNKNOWN_TASK') unknown.add(task);
      const observed = observations.get(task);
      if (outcome === 'WRITTEN' && observed && position < result.seq) this.#recent.set(task, { observed, seq: result.seq });
    }
    return unknown;
  }

  /** A task that the projection does not show may only be newer than it. */
  async #catchUpWith(reports: readonly Report[]): Promise<void> {
    const { projections, cluster } = this.#options;
    const view = projections.peek(cluster);
    if (view) for (const [task, { seq }] of this.#recent) if (view.position >= seq) this.#recent.delete(task);
    const isBehind = reports.some(({ statuses }) => statuses.some(({ taskId }) => !view?.tasks.has(taskId)));
    if (isBehind) await projections.current(cluster);
  }

  #newestPerTask(reports: readonly Report[]): Map<string, TaskObservation> {
    const newest = new Map<string, TaskObservation>();
    for (const { statuses, receivedAt } of reports) {
      for (const message of statuses) {
        const earlier = newest.get(message.taskId);
        const result = taskObservation(message, earlier ?? this.#stored(message.taskId), receivedAt);
        if (!result.ok) this.#reject(message.taskId, result.reason);
        else if (!earlier || taskStatusRank(result.observed.lastStatus) >= taskStatusRank(earlier.lastStatus)) {
          newest.set(message.taskId, result.observed);
        }
      }
    }
    return newest;
  }

  #stored(task: string): TaskObservation | undefined {
    return this.#recent.get(task)?.observed ?? this.#options.projections.peek(this.#options.cluster)?.tasks.get(task)?.observed;
  }

  /**
   * Nothing to write then: after a controller died, thousands of agents tell what the store holds already. Only for a
   * task of this instance; of the rest the store decides.
   */
  #isStored(task: string, observed: TaskObservation): boolean {
    const { projections, cluster, instance } = this.#options;
    if (projections.peek(cluster)?.tasks.get(task)?.instance !== instance) return false;
    const stored = this.#stored(task);
    return stored?.lastStatus === observed.lastStatus && JSON.stringify(stored) === JSON.stringify(observed);
  }

  #reject(task: string, reason: string): void {
    const key = `${task} ${reason}`;
    if (this.#unreadable.has(key) || this.#unreadable.size >= 1000) return;
    this.#unreadable.add(key);
    this.#options.log.warn({ task, reason }, 'A task status of the agent is not one of ECS; it was not stored.');
  }
}
