/** UpdateService, DeleteService, DescribeServices, ListServices; CreateService is in services-create.ts. */
import type {
  DeleteServiceRequest,
  DeleteServiceResponse,
  DescribeServicesRequest,
  DescribeServicesResponse,
  ListServicesRequest,
  ListServicesResponse,
  UpdateServiceRequest,
  UpdateServiceResponse,
} from '@aws-sdk/client-ecs';
import { serviceArn } from '@mini-ecs/shared';
import type { Service, ServiceSpec } from '../../domain/service.ts';
import { decodeService } from '../../store/records.ts';
import { serviceHint } from '../../store/store.ts';
import { ApiError } from '../api-error.ts';
import { missing } from '../failures.ts';
import { limits, list, oneOf } from '../limits.ts';
import { operation, type Call } from '../operation.ts';
import { pageOf } from '../pagination.ts';
import { activeClusterView, activeTaskDefinition, serviceNameOf } from '../references.ts';
import { createService } from './services-create.ts';
import { checkUpdateService, updatedServiceSpec } from './services-input.ts';
import { renderCurrent, renderOf } from './services-render.ts';

/** How often a change is decided again when the service changed in between. */
const mostAttempts = 10;

const checkDescribe = limits<DescribeServicesRequest>({
  services: list({ most: 10 }),
  include: list({ each: oneOf(['TAGS']) }),
});
const checkList = limits<ListServicesRequest>({
  launchType: oneOf(['EC2', 'FARGATE', 'EXTERNAL', 'MANAGED_INSTANCES']),
  schedulingStrategy: oneOf(['REPLICA', 'DAEMON']),
  resourceManagementType: oneOf(['CUSTOMER', 'ECS']),
});

const invalid = (message: string): ApiError => new ApiError('InvalidParameterException', message);
const notFound = (): ApiError => new ApiError('ServiceNotFoundException', 'Service not found.');

interface ServiceChange {
  spec: ServiceSpec;
  status: Service['status'];
}

/**
 * Writes what `change` makes of the service as it is by then; undefined: it stays as it is. What it decided from is expected
 * of the store, so that of two changes at once neither is lost.
 */
async function changeService(
  cluster: string,
  name: string,
  change: (service: Service) => ServiceChange | undefined,
  call: Call,
): Promise<void> {
  let service = (await call.projections.current(cluster)).services.get(name);
  for (let attempt = 0; attempt < mostAttempts; attempt++) {
    if (!service) throw notFound();
    const changed = change(service);
    if (!changed) return;
    const result = await call.store.put({
      partition: cluster,
      kind: 'service',
      id: name,
      expect: { status: service.status, specVersion: String(service.specVersion) },
      set: { doc: JSON.stringify(changed.spec), status: changed.status },
      raise: ['specVersion'],
      hints: [serviceHint(name)],
    });
    if (result.ok) return;
    service = result.actual && decodeService(cluster, name, result.actual);
  }
  throw new ApiError('ServerException', `Service ${name} was changed by others all the time. Try again.`);
}

async function updateService(input: UpdateServiceRequest, call: Call): Promise<UpdateServiceResponse> {
  checkUpdateService(input);
  const view = await activeClusterView(call, input.cluster);
  const name = serviceNameOf(input.service ?? '', view.name);
  if (!view.services.has(name)) throw notFound();
  const definition = input.taskDefinition ? await activeTaskDefinition(call, input.taskDefinition) : undefined;
  const made = { now: call.clock.now(), newDeploymentId: call.newDeploymentId };
  const update = (service: Service): ServiceChange => {
    if (service.status !== 'ACTIVE') throw new ApiError('ServiceNotActiveException', 'Service was not ACTIVE.');
    return { status: 'ACTIVE', spec: updatedServiceSpec(service.spec, input, definition, made) };
  };
  await changeService(view.name, name, update, call);
  return { service: await renderCurrent(view.name, name, call) };
}

/** DRAINING while its tasks stop; the reconciler makes it INACTIVE when they have. */
async function deleteService(input: DeleteServiceRequest, call: Call): Promise<DeleteServiceResponse> {
  const view = await activeClusterView(call, input.cluster);
  const name = serviceNameOf(input.service ?? '', view.name);
  const drain = (service: Service): ServiceChange | undefined => {
    if (service.status === 'INACTIVE') throw notFound();
    if (service.status === 'DRAINING') return undefined;
    if (service.spec.desiredCount > 0 && !input.force) {
      throw invalid('The service cannot be stopped while it is scaled above 0.');
    }
    return { status: 'DRAINING', spec: { ...service.spec, desiredCount: 0 } };
  };
  await changeService(view.name, name, drain, call);
  return { service: await renderCurrent(view.name, name, call) };
}

async function describeServices(input: DescribeServicesRequest, call: Call): Promise<DescribeServicesResponse> {
  checkDescribe(input);
  const references = input.services ?? [];
  if (references.length === 0) throw invalid('Services cannot be empty.');
  const view = await activeClusterView(call, input.cluster);
  const includeTags = input.include?.includes('TAGS') ?? false;
  const response: Required<DescribeServicesResponse> = { services: [], failures: [] };
  for (const name of references.map((reference) => serviceNameOf(reference, view.name))) {
    const service = view.services.get(name);
    if (service) response.services.push(renderOf(service, view, includeTags, call));
    else response.failures.push(missing(serviceArn(call.scope, view.name, name)));
  }
  return response;
}

/** Those that are ACTIVE: a deleted one is only seen by name. */
async function listServices(input: ListServicesRequest, call: Call): Promise<ListServicesResponse> {
  checkList(input);
  const view = await activeClusterView(call, input.cluster);
  const isWanted = ({ status, spec }: Service): boolean =>
    status === 'ACTIVE' &&
    (input.launchType === undefined || spec.launchType === input.launchType) &&
    (input.schedulingStrategy ?? 'REPLICA') === 'REPLICA' &&
    (input.resourceManagementType ?? 'CUSTOMER') === 'CUSTOMER';
  const wanted = [...view.services.values()].filter(isWanted);
  const page = pageOf('ListServices', input, wanted, { keyOf: ({ name }) => name });
  return { serviceArns: page.items.map(({ name }) => serviceArn(call.scope, view.name, name)), nextToken: page.nextToken };
}

export const serviceOperations = [
  operation('CreateService', createService),
  operation('UpdateService', updateService),
  operation('DeleteService', deleteService),
  operation('DescribeServices', describeServices),
  operation('ListServices', listServices),
];
