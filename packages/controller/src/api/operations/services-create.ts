/**
 * CreateService. It is idempotent as on ECS: the same request for a service that is there answers with it, another one for the
 * same name is refused. A name is free again once its service is INACTIVE.
 */
import type { CreateServiceRequest, CreateServiceResponse } from '@aws-sdk/client-ecs';
import { isDeepStrictEqual } from 'node:util';
import type { Service, ServiceSpec } from '../../domain/service.ts';
import type { Tags } from '../../domain/tag.ts';
import { serviceHint, type PutRecord } from '../../store/store.ts';
import { ApiError } from '../api-error.ts';
import type { Call } from '../operation.ts';
import { activeClusterView, activeTaskDefinition } from '../references.ts';
import { tagsOf } from '../tags.ts';
import { checkCreateService, newServiceSpec } from './services-input.ts';
import { renderCurrent } from './services-render.ts';

/** How often a write is tried again when the service changed in between. */
const mostAttempts = 5;

const invalid = (message: string): ApiError => new ApiError('InvalidParameterException', message);

/** What the caller asked for, without what every creation makes anew. */
function askedFor(spec: ServiceSpec): Partial<ServiceSpec> {
  const { deploymentId: _id, deploymentCreatedAt: _deployed, createdAt: _created, createdBy: _by, ...asked } = spec;
  return asked;
}

/** Through JSON, as it was stored: `undefined` members are none. */
const isSame = (a: unknown, b: unknown): boolean =>
  isDeepStrictEqual(JSON.parse(JSON.stringify(a)), JSON.parse(JSON.stringify(b)));

/** Throws unless the service that has the name is the one asked for. */
function checkRepeated(existing: Service, spec: ServiceSpec, tags: Tags): void {
  if (existing.status === 'DRAINING') throw invalid('Unable to Start a service that is still Draining.');
  if (!isSame(askedFor(existing.spec), askedFor(spec)) || !isSame(existing.tags, tags)) {
    throw invalid('Creation of service was not idempotent.');
  }
}

/** In the place of nothing, or of an INACTIVE service, whose history ends there. */
function creation(cluster: string, spec: ServiceSpec, tags: Tags, former: Service | undefined): PutRecord {
  return {
    partition: cluster,
    kind: 'service',
    id: spec.name,
    expect: former ? { status: 'INACTIVE', specVersion: String(former.specVersion) } : 'absent',
    set: { doc: JSON.stringify(spec), status: 'ACTIVE', tags: JSON.stringify(tags) },
    raise: ['specVersion'],
    ...(former ? { unset: ['state', 'refusal'] } : {}),
    hints: [serviceHint(spec.name)],
  };
}

export async function createService(input: CreateServiceRequest, call: Call): Promise<CreateServiceResponse> {
  checkCreateService(input);
  const { name: cluster } = await activeClusterView(call, input.cluster);
  const definition = await activeTaskDefinition(call, input.taskDefinition ?? '');
  const made = { now: call.clock.now(), deploymentId: call.newDeploymentId(), createdBy: call.principalArn };
  const spec = newServiceSpec(input, definition, made);
  const tags = tagsOf(input.tags);
  for (let attempt = 0; attempt < mostAttempts; attempt++) {
    const existing = (await activeClusterView(call, cluster)).services.get(spec.name);
    if (existing && existing.status !== 'INACTIVE') {
      checkRepeated(existing, spec, tags);
      return { service: await renderCurrent(cluster, spec.name, call) };
    }
    const { ok } = await call.store.put(creation(cluster, spec, tags, existing));
    if (ok) return { service: await renderCurrent(cluster, spec.name, call) };
  }
  throw new ApiError('ServerException', `Service ${spec.name} was changed by others all the time. Try again.`);
}
