/**
 * Twice a minute: what every hint and timer missed. It decides about each service on what is in memory and queues those
 * where a commit would follow; the worker decides again on what is true then. So 5,000 steady services cost no job.
 */
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { ClusterView } from '../projection/projection.ts';
import { needsALook, type ServiceWorkerContext } from './service-worker.ts';

export const slowPassMs = 30_000;
const sliceMs = 20;

export async function runSlowPass(context: ServiceWorkerContext, views: readonly ClusterView[]): Promise<void> {
  for (const view of views) {
    if (view.unplacedTasks().length > 0) context.sink.add([{ kind: 'placement', cluster: view.name }]);
    let sliceStarted = performance.now();
    for (const service of view.services.keys()) {
      if (needsALook(context, view, service)) context.sink.add([{ kind: 'service', cluster: view.name, service }]);
      if (performance.now() - sliceStarted < sliceMs) continue;
      await nextTurn();
      sliceStarted = performance.now();
    }
  }
}
