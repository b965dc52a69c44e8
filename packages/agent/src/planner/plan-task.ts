/**
 * What to do next for one task: (what is wanted, what is known, what runs, now) → facts, steps, report.
 *
 *  1. Note what the observations mean: failures, start and stop times, why the task goes down.
 *  2. Going up: every image is pulled at once; a container is created and started when its dependencies allow.
 *     Going down: a container is stopped when all that depend on it have stopped.
 *  3. Tell the status.
 *
 * Level-triggered: called after every change, it answers with what is missing, never with what was done before.
 */
import type { TaskRecord, TaskReport } from '../domain/task-record.ts';
import { noteFacts } from './note-facts.ts';
import type { PlanContext } from './plan-context.ts';
import { planStart } from './plan-start.ts';
import { planDiscard, planStop } from './plan-stop.ts';
import type { Step } from './steps.ts';
import { reportOf } from './task-report.ts';

export interface TaskPlan {
  /** The record with the facts noted. */
  record: TaskRecord;
  steps: Step[];
  report: TaskReport;
  /** Plan again then at the latest; undefined: when something changes. */
  wakeAt?: number;
  /** Nothing of the task is left on the host: forget it. */
  finished: boolean;
}

export function planTask(before: TaskRecord, context: PlanContext): TaskPlan {
  const record = noteFacts(before, context);
  const next = nextSteps(record, context);
  return { record, report: reportOf(record), finished: false, ...next };
}

function nextSteps(record: TaskRecord, context: PlanContext): Pick<TaskPlan, 'steps' | 'wakeAt'> & { finished?: boolean } {
  if (record.discarded) return planDiscard(record, context);
  if (record.stop) return planStop(record, context);
  return planStart(record, context);
}
