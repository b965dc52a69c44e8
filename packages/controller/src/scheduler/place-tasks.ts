/**
 * The scheduler's decision: which container instance each task goes to, or why there is none. Pure: tasks, a snapshot of the
 * instances and a seed in, placements and refusals out; the commit checks each placement again inside the store.
 *
 * Tasks take their turn in the order given, so that the earlier one gets the last place. Tasks alike share a batch, with one
 * ordered set of candidates (candidate-set.ts) and one explanation of a refusal (explain-refusal.ts). What an instance must
 * pass is in checks.ts, which of those that pass is taken in strategies.ts.
 */
import { chooseInstance, openCandidateSet, type CandidateSet } from './candidate-set.ts';
import { explainMissingInstance, explainRefusal, type RefusalExplanation } from './explain-refusal.ts';
import type { PlacementDecision, PlacementRequest } from './placement.ts';
import { seededRandom, type SeededRandom } from './seeded-random.ts';
import { batchTasks, type TaskBatch } from './task-batch.ts';
import { isUsable, takePlace, workingCluster, type WorkingCluster, type WorkingInstance } from './working-cluster.ts';

/** Bounds the memory (about 200 bytes each) that batches take whose tasks come in turns. */
const maximumCandidates = 1_000_000;

interface PlacementState {
  cluster: WorkingCluster;
  random: SeededRandom;
  /** Those with a candidate set, the one used longest ago first: it is closed when there are too many, and opened anew at its turn. */
  openBatches: Set<TaskBatch>;
}

export function placeTasks(request: PlacementRequest): PlacementDecision {
  const steps = placeTasksStepwise(request);
  for (;;) {
    const step = steps.next();
    if (step.done) return step.value;
  }
}

/** The same, a task a step: for a worker that must not hold the event loop for long. */
export function* placeTasksStepwise({ tasks, instances, seed }: PlacementRequest): Generator<undefined, PlacementDecision> {
  const state: PlacementState = { cluster: workingCluster(instances), random: seededRandom(seed), openBatches: new Set() };
  const batches = batchTasks(tasks);
  const decision: PlacementDecision = { placements: [], refusals: [] };
  for (const [index, task] of tasks.entries()) {
    const batch = batches[index] as TaskBatch;
    const instance = placeOne(batch, state);
    if (instance) {
      decision.placements.push({ task: task.id, instance: instance.id });
    } else {
      batch.refusal ??= explain(batch, state.cluster);
      decision.refusals.push({ ...batch.refusal, task: task.id });
    }
    yield;
  }
  return decision;
}

function placeOne(batch: TaskBatch, state: PlacementState): WorkingInstance | undefined {
  const { cluster, random } = state;
  const instance = chooseInstance(candidatesOf(batch, state), cluster, random);
  if (instance) takePlace(cluster, instance, batch.wanted);
  batch.left--;
  if (batch.left === 0) closeCandidates(batch, state);
  return instance;
}

function candidatesOf(batch: TaskBatch, state: PlacementState): CandidateSet {
  const { cluster, random, openBatches } = state;
  // So much was placed since that opening it anew costs less than following.
  if (batch.candidates && cluster.journal.length - batch.candidates.seen > cluster.usable.length) batch.candidates = undefined;
  batch.candidates ??= openCandidateSet(cluster, usableInstances(batch, cluster), batch.wanted, batch.levels, random);
  openBatches.delete(batch);
  openBatches.add(batch);
  for (const oldest of openBatches) {
    if (openBatches.size * cluster.usable.length <= maximumCandidates || oldest === batch) break;
    closeCandidates(oldest, state);
  }
  return batch.candidates;
}

function closeCandidates(batch: TaskBatch, { openBatches }: PlacementState): void {
  batch.candidates = undefined;
  openBatches.delete(batch);
}

function usableInstances({ containerInstance }: TaskBatch, cluster: WorkingCluster): readonly WorkingInstance[] {
  if (containerInstance === undefined) return cluster.usable;
  const instance = cluster.byId.get(containerInstance);
  return instance && isUsable(instance) ? [instance] : [];
}

function explain({ wanted, containerInstance }: TaskBatch, cluster: WorkingCluster): RefusalExplanation {
  if (containerInstance === undefined) return explainRefusal(wanted, cluster.instances);
  const instance = cluster.byId.get(containerInstance);
  return instance ? explainRefusal(wanted, [instance]) : explainMissingInstance(containerInstance);
}
