/** Services of a view in the API's form. */
import type { Service as EcsService } from '@aws-sdk/client-ecs';
import type { Service } from '../../domain/service.ts';
import type { ClusterView } from '../../projection/projection.ts';
import type { Call } from '../operation.ts';
import { renderService } from '../views/service-view.ts';

export const renderOf = (service: Service, view: ClusterView, includeTags: boolean, call: Call): EcsService =>
  renderService(service, { tasks: view.tasksOfService(service.name), instances: view.instances, includeTags }, call.scope);

/** As it is now, every acknowledged write in it; undefined when it is gone. */
export async function renderCurrent(cluster: string, name: string, call: Call): Promise<EcsService | undefined> {
  const view = await call.projections.current(cluster);
  const service = view.services.get(name);
  return service && renderOf(service, view, true, call);
}
