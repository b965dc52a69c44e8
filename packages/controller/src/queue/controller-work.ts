/** Everything a controller does of its own accord: takes work from the queue, and looks around from time to time. */
import type { Clock, Logger } from '@mini-ecs/shared';
import { every, type Periodic } from '../dispatch/periodic.ts';
import type { ClusterView, Projections } from '../projection/projection.ts';
import type { Store } from '../store/store.ts';
import { dirtyPassMs, runDirtyPass } from './dirty-pass.ts';
import { abandonLostTasks, reapStopped, withdrawOverdue } from './janitor.ts';
import { lookAtPlacement } from './placement-worker.ts';
import { lookAtService } from './service-worker.ts';
import { runSlowPass, slowPassMs } from './slow-pass.ts';
import type { WorkHandler, WorkSink } from './work.ts';

export interface ControllerWorkContext {
  /** Queues the hints of each command by itself. */
  store: Store;
  projections: Projections & { clusters(): ClusterView[] };
  sink: WorkSink;
  clock: Clock;
  log: Logger;
  newTaskId: () => string;
  newEventId: () => string;
  newSeed: () => number;
}

const reapMs = 60_000;
const overdueMs = 1_000;

export const workHandler =
  (context: ControllerWorkContext): WorkHandler =>
  (work) => {
    switch (work.kind) {
      case 'service':
        return lookAtService(context, work.cluster, work.service);
      case 'placement':
        return lookAtPlacement(context, work.cluster);
    }
  };

/** Starts the periodic passes. A pass that fails is told in the log and tried again at its next turn. */
export function startPasses(context: ControllerWorkContext): { stop(): Promise<void> } {
  const { store, projections, sink, log } = context;
  const onError =
    (pass: string) =>
    (error: unknown): void =>
      log.warn({ err: error, pass }, 'a periodic pass failed');
  const inEachCluster = async (act: (view: ClusterView) => Promise<void>): Promise<void> => {
    for (const view of projections.clusters()) await act(view);
  };
  const passes: Periodic[] = [
    every(dirtyPassMs, () => runDirtyPass(store, sink, projections.peekGlobal().clusterNames), onError('dirty')),
    every(slowPassMs, () => runSlowPass(context, projections.clusters()), onError('slow')),
    every(overdueMs, () => inEachCluster((view) => withdrawOverdue(context, view)), onError('overdue requests')),
    every(
      reapMs,
      () =>
        inEachCluster(async (view) => {
          await abandonLostTasks(context, view);
          await reapStopped(context, view.name);
        }),
      onError('janitor'),
    ),
  ];
  return {
    async stop() {
      await Promise.all(passes.map((pass) => pass.stop()));
    },
  };
}
