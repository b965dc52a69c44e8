/** Puts what clusters hold straight into a store, by the commands that the controller itself uses. Ids are returned. */
import { encodePorts, newId } from '@mini-ecs/shared';
import type { InstanceRegistration } from '../../packages/controller/src/domain/container-instance.ts';
import type { ServiceSpec } from '../../packages/controller/src/domain/service.ts';
import { encodeNewTask, encodeObservation } from '../../packages/controller/src/store/records.ts';
import type { Store } from '../../packages/controller/src/store/store.ts';
import * as domain from './domain-builders.ts';

const session = 'session-1';

/** A connected container instance of 4 vCPUs and 4 GiB. */
export async function anInstance(store: Store, cluster: string): Promise<string> {
  const instance = newId();
  const registration: InstanceRegistration = {
    hostname: 'host-1',
    address: '10.0.0.1',
    agentVersion: '0.1.0',
    dockerVersion: '20.10',
    resources: { cpu: 4096, memory: 4096, ports: [] },
    attributes: { 'ecs.availability-zone': 'zone-a' },
    registeredAt: domain.startOfTime,
  };
  const opened = await store.openSession({
    cluster,
    instance,
    session,
    doc: JSON.stringify(registration),
    resources: { cpu: 4096, memory: 4096, ports: encodePorts([]) },
    register: true,
    leaseMs: 60_000,
  });
  if (!opened.ok) throw new Error(opened.reason);
  return instance;
}

export async function aService(store: Store, cluster: string, spec: Partial<ServiceSpec> & { name: string }): Promise<string> {
  const service = domain.aService(spec);
  const set = { doc: JSON.stringify(service.spec), status: service.status, tags: '{}' };
  await store.put({ partition: cluster, kind: 'service', id: spec.name, expect: 'absent', set, raise: ['specVersion'] });
  return spec.name;
}

/** A task of RunTask; one that is RUNNING is so on an instance of its own. */
export async function aTask(
  store: Store,
  cluster: string,
  { lastStatus, containers = ['app'] }: { lastStatus?: 'RUNNING'; containers?: string[] },
): Promise<string> {
  const id = newId();
  const { spec } = domain.aTask({
    deploymentId: null,
    spec: { containers: containers.map((name) => ({ name, image: 'busybox', cpu: 0, memory: 8 })) },
  });
  const created = await store.createTasks({ cluster, tasks: [encodeNewTask({ id, spec, tags: {} })] });
  if (!created.ok) throw new Error(created.reason);
  if (lastStatus === undefined) return id;
  const instance = await anInstance(store, cluster);
  const now = domain.startOfTime;
  await store.commitPlacement({ cluster, now, bind: [{ task: id, instance }], withdraw: [], serviceRefusals: [] });
  const report = encodeObservation(id, { ...domain.aTask().observed, lastStatus });
  await store.reportStatus({ cluster, instance, session, now, reports: [report] });
  return id;
}
