/**
 * Brings the newest status of every task to the store. A change marks its task; a moment later all marked tasks go
 * in one report, with their status of that moment; what is not acknowledged goes again. A task that is still PENDING is in no
 * hurry: the store knows already that it has its place, and if it starts quickly, one report tells both. Sessions come and go
 * underneath: a new one begins with everything that was never acknowledged.
 */
import type { TaskStatusMessage } from '@mini-ecs/shared';
import type { Cancel, Timers } from '../timers.ts';

/** Long enough to gather the tasks of one event, short beside a container's start. */
const coalesceMs = 10;
/** Of a task on its way up. Most containers that need no pull run sooner. */
const pendingMs = 250;
const resendMs = 2_000;
const tasksPerReport = 500;

export interface StatusReport {
  sequence: number;
  tasks: TaskStatusMessage[];
}

export interface StatusReporterDependencies {
  timers: Timers;
  /** undefined: the task is forgotten. */
  statusOf: (taskId: string) => TaskStatusMessage | undefined;
  /** The store has taken this status, or knows no such task (`lastStatus` undefined). */
  onAcknowledged: (taskId: string, lastStatus: string | undefined) => void;
}

interface Sent {
  at: number;
  tasks: Map<string, { revision: number; lastStatus: string }>;
}

export class StatusReporter {
  readonly #deps: StatusReporterDependencies;
  /** The newest revision of each task that is not acknowledged. */
  readonly #unacknowledged = new Map<string, number>();
  /** The revision of each that is under way in this session. */
  readonly #underway = new Map<string, number>();
  readonly #sent = new Map<number, Sent>();
  /** Until when each task that is on its way up may wait for better news. */
  readonly #unhurried = new Map<string, number>();
  #sequence = 0;
  #revision = 0;
  #send: ((report: StatusReport) => void) | undefined;
  #cancelFlush: Cancel | undefined;
  #flushAt = Infinity;
  #cancelResend: Cancel | undefined;

  constructor(deps: StatusReporterDependencies) {
    this.#deps = deps;
  }

  changed(taskId: string): void {
    this.#revision += 1;
    this.#unacknowledged.set(taskId, this.#revision);
    this.#flushBy(this.#dueAt(taskId));
  }

  attach(send: (report: StatusReport) => void): void {
    this.detach();
    this.#send = send;
    this.#flush();
  }

  detach(): void {
    this.#send = undefined;
    this.#cancelFlush?.();
    this.#cancelResend?.();
    this.#flushAt = Infinity;
    this.#cancelResend = undefined;
    this.#unhurried.clear();
    this.#underway.clear();
    this.#sent.clear();
  }

  acknowledged(sequence: number, unknownTasks: readonly string[]): void {
    const sent = this.#sent.get(sequence);
    this.#sent.delete(sequence);
    const unknown = new Set(unknownTasks);
    for (const [taskId, { revision, lastStatus }] of sent?.tasks ?? []) {
      if (this.#underway.get(taskId) === revision) this.#underway.delete(taskId);
      if (this.#unacknowledged.get(taskId) === revision) this.#unacknowledged.delete(taskId);
      this.#deps.onAcknowledged(taskId, unknown.has(taskId) ? undefined : lastStatus);
    }
  }

  #dueAt(taskId: string): number {
    const now = this.#deps.timers.now();
    if (this.#deps.statusOf(taskId)?.lastStatus !== 'PENDING') {
      this.#unhurried.delete(taskId);
      return now + coalesceMs;
    }
    const due = this.#unhurried.get(taskId) ?? now + pendingMs;
    this.#unhurried.set(taskId, due);
    return due;
  }

  #flushBy(time: number): void {
    if (!this.#send || time >= this.#flushAt) return;
    this.#cancelFlush?.();
    this.#flushAt = time;
    this.#cancelFlush = this.#deps.timers.after(time - this.#deps.timers.now(), () => this.#flush());
  }

  #flush(): void {
    this.#cancelFlush?.();
    this.#flushAt = Infinity;
    const due = this.#due();
    for (let start = 0; start < due.length; start += tasksPerReport) this.#sendReport(due.slice(start, start + tasksPerReport));
    for (const time of this.#unhurried.values()) this.#flushBy(time);
    if (this.#sent.size > 0) this.#cancelResend ??= this.#deps.timers.after(resendMs, () => this.#resend());
  }

  #due(): [taskId: string, revision: number][] {
    const now = this.#deps.timers.now();
    for (const [taskId, time] of this.#unhurried) if (time <= now) this.#unhurried.delete(taskId);
    return [...this.#unacknowledged].filter(
      ([taskId, revision]) => this.#underway.get(taskId) !== revision && !this.#unhurried.has(taskId),
    );
  }

  #sendReport(due: [taskId: string, revision: number][]): void {
    const tasks: TaskStatusMessage[] = [];
    const sent: Sent = { at: this.#deps.timers.now(), tasks: new Map() };
    for (const [taskId, revision] of due) {
      const status = this.#deps.statusOf(taskId);
      if (!status) {
        this.#unacknowledged.delete(taskId);
        continue;
      }
      tasks.push(status);
      sent.tasks.set(taskId, { revision, lastStatus: status.lastStatus ?? '' });
      this.#underway.set(taskId, revision);
    }
    if (tasks.length === 0) return;
    this.#sequence += 1;
    this.#sent.set(this.#sequence, sent);
    this.#send?.({ sequence: this.#sequence, tasks });
  }

  #resend(): void {
    this.#cancelResend = undefined;
    const overdue = this.#deps.timers.now() - resendMs;
    for (const [sequence, { at, tasks }] of this.#sent) {
      if (at > overdue) continue;
      this.#sent.delete(sequence);
      for (const [taskId, { revision }] of tasks) if (this.#underway.get(taskId) === revision) this.#underway.delete(taskId);
    }
    this.#flush();
  }
}
