/**
 * Whether an agent may open a session, by its Hello. An agent stops containers on the word of the store that it
 * enrolled with, so one that knows a store is never taken in by another, nor registered anew by this one.
 */
import { agentProtocolVersion, encodePorts, type Clock, type HelloReceived } from '@mini-ecs/shared';
import type { Enrolment } from '../domain/enrolment.ts';
import type { InstanceRegistration } from '../domain/container-instance.ts';
import type { Projections } from '../projection/projection.ts';
import { abandonAfterMs } from '../domain/retention.ts';
import type { OpenSessionResult, Store, StoreIdentity } from '../store/store.ts';
import { refusal, type Refusal } from './refusal.ts';
import { enrolmentProblem, holderProblem, type CertificateHolder } from './certificate-holder.ts';
import type { SessionIdentity } from './agent-session.ts';

export interface AdmissionContext {
  store: Pick<Store, 'identity' | 'openSession'>;
  projections: Projections;
  clock: Clock;
  newUuid: () => string;
  leaseMs: number;
}

export interface Admitted {
  admitted: true;
  session: SessionIdentity;
  store: StoreIdentity;
}
export type Admission = Admitted | { admitted: false; refusal: Refusal };

const refused = (refusal: Refusal): Admission => ({ admitted: false, refusal });

/** What makes a Hello unusable; undefined for a good one. */
export function helloProblem(hello: HelloReceived): string | undefined {
  const { protocolVersion, instanceId, cluster, resources } = hello;
  if (protocolVersion !== agentProtocolVersion) {
    return `The agent speaks version ${protocolVersion} of the protocol, this controller version ${agentProtocolVersion}: install matching versions.`;
  }
  if (!/^[0-9a-f]{32}$/.test(instanceId)) return 'instance_id must be 32 hex digits.';
  if (cluster === '') return 'cluster must name the cluster to join.';
  if (!resources || resources.cpu === 0 || resources.memory === 0)
    return 'resources must tell the CPU units and the memory of the host.';
  return undefined;
}

/** `storeId` '' and epoch 0: the agent's very first session. */
export function storeMismatch(hello: Pick<HelloReceived, 'storeId' | 'storeEpoch'>, store: StoreIdentity): Refusal | undefined {
  if (hello.storeId === '') return undefined;
  if (hello.storeId !== store.id) {
    return refusal('OTHER_STORE', `The agent is enrolled with store ${hello.storeId}; this is store ${store.id}.`);
  }
  if (hello.storeEpoch > store.epoch) {
    return refusal(
      'OLDER_EPOCH',
      `The agent knew epoch ${hello.storeEpoch} of the store; this one is at epoch ${store.epoch}, an older restore.`,
    );
  }
  return undefined;
}

/**
 * Opens the session in the store: from then on it is the only one that may write for the instance. `holder` undefined: the
 * transport itself tells agents apart (a simulated network). Throws what the store throws.
 */
export async function admit(
  hello: HelloReceived,
  holder: CertificateHolder | undefined,
  context: AdmissionContext,
): Promise<Admission> {
  const problem = helloProblem(hello);
  if (problem !== undefined) return refused(refusal('BAD_HELLO', problem));
  const { cluster, instanceId: instance } = hello;
  const impostor = holder && holderProblem(holder, { cluster, instance });
  if (impostor) return refused(impostor);
  const identity = await context.store.identity();
  const mismatch = storeMismatch(hello, identity);
  if (mismatch) return refused(mismatch);
  const { clusterNames } = await context.projections.currentGlobal();
  // Asked first, because a projection of every name that agents come up with would stay in memory.
  if (!clusterNames.has(hello.cluster)) return notOpened(hello, 'CLUSTER_NOT_FOUND');
  const view = await context.projections.current(cluster);
  const now = context.clock.now();
  const enrolment = holder && view.enrolments.get(instance);
  const refusedHolder = holder && enrolmentProblem(holder, enrolment, now);
  if (refusedHolder) return refused(refusedHolder);
  const id = context.newUuid();
  const known = view.instances.get(instance);
  const registration = registrationOf(hello, known?.registration.registeredAt ?? now, enrolment?.attributes);
  const opened = await open(hello, id, registration, context);
  if (!opened.ok) return notOpened(hello, opened.reason);
  const wasAbandoned = known !== undefined && !known.connected && now - (known.disconnectedAt ?? now) > abandonAfterMs;
  const admittedBy = holder && enrolment && { enrolment, certificateEndsAt: holder.expiresAt };
  return { admitted: true, store: identity, session: { id, cluster, instance, openedAt: opened.seq, admittedBy, wasAbandoned } };
}

function open(
  hello: HelloReceived,
  session: string,
  registration: InstanceRegistration,
  { store, leaseMs }: AdmissionContext,
): Promise<OpenSessionResult> {
  const { cluster, instanceId: instance } = hello;
  const { cpu, memory, ports } = registration.resources;
  return store.openSession({
    cluster,
    instance,
    session,
    doc: JSON.stringify(registration),
    resources: { cpu, memory, ports: encodePorts(ports) },
    register: hello.storeId === '',
    leaseMs,
  });
}

function notOpened(hello: HelloReceived, reason: 'CLUSTER_NOT_FOUND' | 'UNKNOWN_INSTANCE'): Admission {
  switch (reason) {
    case 'CLUSTER_NOT_FOUND':
      return refused(refusal(reason, `There is no cluster ${hello.cluster}.`));
    case 'UNKNOWN_INSTANCE':
      return refused(
        refusal(reason, `Container instance ${hello.instanceId} is not known in cluster ${hello.cluster}, or was deregistered.`),
      );
  }
}

/** `registeredAt` in ms since the epoch: that of the first session. `fixed`: attributes that win over the agent's own. */
export function registrationOf(
  hello: HelloReceived,
  registeredAt: number,
  fixed: Enrolment['attributes'] = {},
): InstanceRegistration {
  const { hostname, address, agentVersion, dockerVersion, resources, attributes } = hello;
  return {
    hostname,
    address,
    agentVersion,
    dockerVersion,
    resources: { cpu: resources?.cpu ?? 0, memory: resources?.memory ?? 0, ports: resources?.reservedPorts ?? [] },
    attributes: { ...Object.fromEntries(attributes.map(({ name, value }) => [name, value ?? null])), ...fixed },
    registeredAt,
  };
}
