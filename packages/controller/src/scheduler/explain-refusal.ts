/**
 * Why a task found no place, told once and in the same words to the caller (`failures[]`), the service's `events[]` and the logs.
 */
import { checksPassedBefore, failedCheck, type Requirements } from './checks.ts';
import type { PlacementCheck, PlacementRefusal } from './placement.ts';
import type { WorkingInstance } from './working-cluster.ts';

/** The same for every task of a batch, which share it. */
export type RefusalExplanation = Omit<PlacementRefusal, 'task'>;

/** Of `PlacementRefusal.instances`: as many failures as an answer of RunTask should hold. */
const maximumInstances = 100;

interface FailedInstance {
  instance: WorkingInstance;
  check: NonNullable<ReturnType<typeof failedCheck>>;
  shortBy: number;
}

/** `considered`: the instances that the task might have gone to; each of them fails a check. Source of the wording: see checks.ts. */
export function explainRefusal(wanted: Requirements, considered: readonly WorkingInstance[]): RefusalExplanation {
  const failed = considered.flatMap((instance): FailedInstance[] => {
    const check = failedCheck(instance, wanted);
    return check ? [{ instance, check, shortBy: check.shortBy?.(instance, wanted) ?? 0 }] : [];
  });
  const [first] = failed;
  if (!first) {
    const because =
      'no container instance met all of its requirements. Reason: No Container Instances were found in your cluster.';
    return { counts: [], instances: [], because };
  }
  const closest = failed.reduce(closerOf, first);
  const counts = countsOf(failed);
  return {
    counts,
    closest: {
      instance: closest.instance.id,
      check: closest.check.name,
      lacks: closest.check.lacks(closest.instance, wanted),
    },
    instances: failed.slice(0, maximumInstances).map(({ instance, check }) => ({ instance: instance.id, check: check.name })),
    because:
      'no container instance met all of its requirements. ' +
      `The closest matching (container-instance ${closest.instance.id}) ${closest.check.inEvent}. ${countsInWords(counts)}`,
  };
}

/** A task asked for one instance (StartTask) that the cluster does not have. */
export const explainMissingInstance = (instance: string): RefusalExplanation => ({
  counts: [],
  instances: [],
  because: `(container-instance ${instance}) was not found in your cluster.`,
});

/** The one that passed more checks, then the one that lacks less, then the earlier. */
function closerOf(a: FailedInstance, b: FailedInstance): FailedInstance {
  const passedMore = checksPassedBefore(b.check) - checksPassedBefore(a.check);
  if (passedMore !== 0) return passedMore > 0 ? b : a;
  return b.shortBy < a.shortBy ? b : a;
}

function countsOf(failed: readonly FailedInstance[]): PlacementRefusal['counts'] {
  const counts = new Map<PlacementCheck, number>();
  for (const { check } of failed) counts.set(check.name, (counts.get(check.name) ?? 0) + 1);
  return [...counts].map(([check, instances]) => ({ check, instances })).sort((a, b) => b.instances - a.instances);
}

/** `12 instances: RESOURCE:MEMORY 9, AGENT 3.` */
function countsInWords(counts: PlacementRefusal['counts']): string {
  const total = counts.reduce((sum, { instances }) => sum + instances, 0);
  const each = counts.map(({ check, instances }) => `${check} ${instances}`).join(', ');
  return `${total} ${total === 1 ? 'instance' : 'instances'}: ${each}.`;
}
