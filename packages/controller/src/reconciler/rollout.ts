/**
 * How many tasks may start and stop now so that a service moves to its current tasks within its limits.
 *
 *  upper limit: maximumPercent of the desired count, rounded down, over all tasks that are not STOPPED
 *  lower limit: minimumHealthyPercent of the desired count, rounded up, over tasks that are ready
 *
 * Outdated tasks that are not ready serve nobody and stop at once. Ready ones stop as current ones become ready; below
 * the desired count (down to the lower limit) only where room is lacking: under the upper limit, or on the instances.
 * https://docs.aws.amazon.com/AmazonECS/latest/developerguide/deployment-type-ecs.html
 */
export interface RolloutCounts {
  desired: number;
  minimumHealthyPercent: number;
  maximumPercent: number;
  current: number;
  currentReady: number;
  /** Current tasks that placement has refused and that wait for room. */
  currentWithoutPlace: number;
  outdatedReady: number;
  /** Those bound to an instance; one without a place is STOPPED the moment it is told to. */
  outdatedNotReady: number;
  stopping: number;
}

export interface RolloutSteps {
  /** New tasks to start. */
  start: number;
  /** Current tasks above the desired count. */
  stopSurplus: number;
  /** Ready outdated tasks to stop; those that are not ready all stop. */
  stopOutdatedReady: number;
  /** Neither limit leaves room to go on, now or later. */
  isBlocked: boolean;
}

export function planRollout(counts: RolloutCounts): RolloutSteps {
  const lower = Math.ceil((counts.desired * counts.minimumHealthyPercent) / 100);
  const upper = Math.floor((counts.desired * counts.maximumPercent) / 100);
  const alive = counts.current + counts.outdatedReady + counts.outdatedNotReady + counts.stopping;

  const missing = Math.max(0, counts.desired - counts.current);
  const start = Math.min(missing, Math.max(0, upper - alive));
  const ready = counts.currentReady + counts.outdatedReady;
  const lacksRoom = missing - start + counts.currentWithoutPlace - counts.stopping - counts.outdatedNotReady;
  const spare = Math.max(0, ready - counts.desired);
  const toMakeRoom = Math.min(Math.max(0, ready - lower), Math.max(0, lacksRoom));
  const stopOutdatedReady = Math.min(counts.outdatedReady, Math.max(spare, toMakeRoom));

  const waitsForOthers = counts.stopping > 0 || counts.outdatedNotReady > 0 || counts.current > counts.currentReady;
  return {
    start,
    stopSurplus: Math.max(0, counts.current - counts.desired),
    stopOutdatedReady,
    isBlocked: missing > 0 && start === 0 && stopOutdatedReady === 0 && !waitsForOthers,
  };
}
