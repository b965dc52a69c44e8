/**
 * Brings the newest status of every task to the store. A change marks its task; a moment later all marked tasks go
 * in one report, with their status of that moment; what is not acknowledged goes again. A task that is still PENDING is in no
 * hurry: the store knows already that it has its place, and if it starts quickly, one report tells both. Sessions come and go
 * underneath: a new one begins with everything that was never acknowledged. Only timers tell when: a host's clock may be set.
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
  cancelResend: Cancel;
  tasks: Map<string, { revision: number; lastStatus: string }>;
}

export class StatusReporter {
  readonly #deps: StatusReporterDependencies;
  /** The newest revision of each task that is not acknowledged. */
  readonly #unacknowledged = new Map<string, number>();
  /** The revision of each that is under way in this session. */
  readonly #underway = new Map<string, number>();
  readonly #sent = new Map<number, Sent>();
  /** Tasks on their way up that wait for better news, not for ever. */
  readonly #unhurried = new Map<string, Cancel>();
  #sequence = 0;
  #revision = 0;
  #send: ((report: StatusReport) => void) | undefined;
  #cancelFlush: Cancel | undefined;

  constructor(deps: StatusReporterDependencies) {
    this.#deps = deps;
  }

  changed(taskId: string): void {
    this.#revision += 1;
    this.#unacknowledged.set(taskId, this.#revision);
    if (this.#deps.statusOf(taskId)?.lastStatus === 'PENDING') this.#letWait(taskId);
    else this.#hurry(taskId);
  }

  attach(send: (report: StatusReport) => void): void {
    this.detach();
    this.#send = send;
    this.#flush();
  }

  detach(): void {
    this.#send = undefined;
    this.#cancelFlush?.();
    this.#cancelFlush = undefined;
    for (const cancel of this.#unhurried.values()) cancel();
    for (const { cancelResend } of this.#sent.values()) cancelResend();
    this.#unhurried.clear();
    this.#underway.clear();
    this.#sent.clear();
  }

  acknowledged(sequence: number, unknownTasks: readonly string[]): void {
    const sent = this.#sent.get(sequence);
    this.#forgetSent(sequence);
    const unknown = new Set(unknownTasks);
    for (const [taskId, { revision, lastStatus }] of sent?.tasks ?? []) {
      if (this.#unacknowledged.get(taskId) === revision) this.#unacknowledged.delete(taskId);
      this.#deps.onAcknowledged(taskId, unknown.has(taskId) ? undefined : lastStatus);
    }
  }

  #letWait(taskId: string): void {
    if (!this.#send || this.#unhurried.has(taskId)) return;
    const cancel = this.#deps.timers.after(pendingMs - coalesceMs, () => this.#hurry(taskId));
    this.#unhurried.set(taskId, cancel);
  }

  #hurry(taskId: string): void {
    this.#unhurried.get(taskId)?.();
    this.#unhurried.delete(taskId);
    this.#flushSoon();
  }

  #flushSoon(): void {
    if (this.#send) this.#cancelFlush ??= this.#deps.timers.after(coalesceMs, () => this.#flush());
  }

  #flush(): void {
    this.#cancelFlush?.();
    this.#cancelFlush = undefined;
    const due = this.#due();
    for (let start = 0; start < due.length; start += tasksPerReport) this.#sendReport(due.slice(start, start + tasksPerReport));
  }

  #due(): [taskId: string, revision: number][] {
    return [...this.#unacknowledged].filter(
      ([taskId, revision]) => this.#underway.get(taskId) !== revision && !this.#unhurried.has(taskId),
    );
  }

  #sendReport(due: [taskId: string, revision: number][]): void {
    const reported: TaskStatusMessage[] = [];
    const tasks: Sent['tasks'] = new Map();
    for (const [taskId, revision] of due) {
      const status = this.#deps.statusOf(taskId);
      if (!status) {
        this.#unacknowledged.delete(taskId);
        continue;
      }
      reported.push(status);
      tasks.set(taskId, { revision, lastStatus: status.lastStatus ?? '' });
      this.#underway.set(taskId, revision);
    }
    if (reported.length === 0) return;
    this.#sequence += 1;
    const sequence = this.#sequence;
    this.#sent.set(sequence, { cancelResend: this.#deps.timers.after(resendMs, () => this.#resend(sequence)), tasks });
    this.#send?.({ sequence, tasks: reported });
  }

  #resend(sequence: number): void {
    this.#forgetSent(sequence);
    this.#flushSoon();
  }

  /** What it told is under way no more. */
  #forgetSent(sequence: number): void {
    const sent = this.#sent.get(sequence);
    sent?.cancelResend();
    this.#sent.delete(sequence);
    for (const [taskId, { revision }] of sent?.tasks ?? []) {
      if (this.#underway.get(taskId) === revision) this.#underway.delete(taskId);
    }
  }
}
