/**
 * The one place where a task changes. Every change (an assignment, an observation, a step's outcome, a time that has
 * come) goes through `update`, which plans again and starts what is missing: one step at a time on a container, the
 * containers side by side.
 */
import { isDeepStrictEqual } from 'node:util';
import type { Logger } from '@mini-ecs/shared';
import type { AgentPolicy } from '../domain/agent-policy.ts';
import type { TaskRecord, TaskReport } from '../domain/task-record.ts';
import { applyOutcome, noteStepStart } from '../planner/apply-outcome.ts';
import { planTask } from '../planner/plan-task.ts';
import type { Step, StepName } from '../planner/steps.ts';
import type { Cancel, Timers } from '../timers.ts';
import { executeStep, type StepExecutors } from './step-executors.ts';

export interface TaskOwnerDependencies {
  executors: StepExecutors;
  timers: Timers;
  policy: AgentPolicy;
  owner: () => { instanceId: string; storeId: string };
  log: Logger;
  /** The record changed; `reportChanged`: what the store is to be told, too. */
  onChange: (taskId: string, reportChanged: boolean) => void;
  /** A container is being started. */
  onStart: (runtimeId: string) => void;
  /** Nothing of the task is left. */
  onFinished: (taskId: string) => void;
}

/** Steps that a task on its way down no longer wants. */
const upwards: ReadonlySet<StepName> = new Set<StepName>(['pull', 'createVolume', 'create', 'start']);

/** Made once: an abort without a reason makes an error, with a stack, each time. */
const goesDown = new Error('the task goes down, or its agent');

export class TaskOwner {
  #record: TaskRecord;
  #report: TaskReport | undefined;
  #cancelWake: Cancel | undefined;
  readonly #inFlight = new Map<string, StepName>();
  readonly #goingDown = new AbortController();
  readonly #closed = new AbortController();
  readonly #deps: TaskOwnerDependencies;

  constructor(record: TaskRecord, deps: TaskOwnerDependencies) {
    this.#record = record;
    this.#deps = deps;
  }

  get record(): TaskRecord {
    return this.#record;
  }

  /** undefined until the first `update`. */
  get report(): TaskReport | undefined {
    return this.#report;
  }

  update(change: (record: TaskRecord) => TaskRecord = (record) => record): void {
    if (this.#closed.signal.aborted) return;
    const { timers, policy, owner, onChange, onFinished } = this.#deps;
    const before = this.#record;
    const now = timers.now();
    const plan = planTask(change(before), { now, inFlight: this.#inFlight, policy, owner: owner() });
    this.#record = plan.record;
    if (plan.record.stop) this.#goingDown.abort(goesDown);
    this.#wakeAt(plan.wakeAt, now);
    for (const step of plan.steps) this.#begin(step, now);
    const reportChanged = !isDeepStrictEqual(this.#report, plan.report);
    this.#report = plan.report;
    if (plan.finished) onFinished(before.id);
    else if (reportChanged || !isDeepStrictEqual(before, this.#record)) onChange(before.id, reportChanged);
  }

  /** Starts nothing any more; what the engine was asked to do already goes on there. */
  close(): void {
    this.#closed.abort(goesDown);
    this.#goingDown.abort(goesDown);
    this.#cancelWake?.();
  }

  #begin(step: Step, now: number): void {
    this.#record = noteStepStart(this.#record, step, now);
    this.#inFlight.set(step.target, step.name);
    if (step.name === 'start') this.#deps.onStart(step.runtimeId);
    const { executors, timers, log } = this.#deps;
    const signal = upwards.has(step.name) ? this.#goingDown.signal : this.#closed.signal;
    const context = { task: this.#record.id, step: step.name, target: step.target };
    executeStep(executors, step, signal)
      .catch((error: unknown) => {
        log.error({ ...context, err: error }, 'a step failed for a reason of its own');
        return { result: 'failed' as const, reason: `InternalError: ${String(error)}` };
      })
      .then((outcome) => {
        if (outcome.result === 'failed') log.warn({ ...context, reason: outcome.reason }, 'step failed');
        this.#inFlight.delete(step.target);
        this.update((record) => applyOutcome(record, step, outcome, timers.now()));
      })
      .catch((error: unknown) => log.error({ ...context, err: error }, 'planning failed'));
  }

  #wakeAt(time: number | undefined, now: number): void {
    this.#cancelWake?.();
    this.#cancelWake = time === undefined ? undefined : this.#deps.timers.after(time - now, () => this.update());
  }
}
