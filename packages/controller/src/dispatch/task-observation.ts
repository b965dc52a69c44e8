/**
 * A status message of an agent → the observation that is stored. A message tells the whole present of a task, but an agent
 * that restarted, or a container that is gone, knows less than it once did: what was observed before is kept where
 * the message is silent. Ages become times by the moment of receipt; a time once observed never moves again,
 * so that sending a status twice changes nothing.
 */
import {
  isTaskStatus,
  type ContainerStatusReceived,
  type NetworkBindingMessage,
  type TaskStatusReceived,
} from '@mini-ecs/shared';
import type { ContainerObservation, HealthStatus, StopCode, TaskObservation } from '../domain/task.ts';

export type ObservationResult = { ok: true; observed: TaskObservation } | { ok: false; reason: string };

const stopCodes: Record<StopCode, true> = {
  TaskFailedToStart: true,
  EssentialContainerExited: true,
  UserInitiated: true,
  ServiceSchedulerInitiated: true,
  SpotInterruption: true,
  TerminationNotice: true,
};
const isStopCode = (code: string): code is StopCode => Object.hasOwn(stopCodes, code);
const healthOf = (status: string): HealthStatus => (status === 'HEALTHY' || status === 'UNHEALTHY' ? status : 'UNKNOWN');

/** `receivedAt` in ms since the epoch. Refused when a status is none of ECS's. */
export function taskObservation(
  message: TaskStatusReceived,
  previous: TaskObservation | undefined,
  receivedAt: number,
): ObservationResult {
  const { lastStatus, stopCode } = message;
  if (!isTaskStatus(lastStatus)) return { ok: false, reason: `lastStatus is ${JSON.stringify(lastStatus)}` };
  const unreadable = message.containers.find((container) => !isContainerStatus(container.lastStatus));
  if (unreadable)
    return { ok: false, reason: `lastStatus of container ${unreadable.name} is ${JSON.stringify(unreadable.lastStatus)}` };
  return {
    ok: true,
    observed: {
      lastStatus,
      containers: mergedContainers(previous?.containers ?? [], message.containers),
      healthStatus: healthOf(message.healthStatus),
      stopCode: isStopCode(stopCode) ? stopCode : previous?.stopCode,
      stoppedReason: message.stoppedReason || previous?.stoppedReason,
      ...observedTimes(message, previous, receivedAt),
    },
  };
}

function observedTimes(message: TaskStatusReceived, previous: TaskObservation | undefined, receivedAt: number) {
  const timeOf = (known: number | undefined, age: number | undefined): number | undefined =>
    known ?? (age === undefined ? undefined : receivedAt - age);
  const hasStopped = message.lastStatus === 'STOPPED';
  return {
    pullStartedAt: timeOf(previous?.pullStartedAt, message.pullStartedAgeMs),
    pullStoppedAt: timeOf(previous?.pullStoppedAt, message.pullStoppedAgeMs),
    startedAt: timeOf(previous?.startedAt, message.startedAgeMs),
    stoppingAt: timeOf(previous?.stoppingAt, message.stoppingAgeMs),
    executionStoppedAt: timeOf(previous?.executionStoppedAt, message.executionStoppedAgeMs),
    stoppedAt: timeOf(previous?.stoppedAt, message.stoppedAgeMs ?? (hasStopped ? 0 : undefined)),
  };
}

/** The containers of the task in their order, those of the message in place of the previous ones. */
function mergedContainers(
  previous: readonly ContainerObservation[],
  messages: readonly ContainerStatusReceived[],
): ContainerObservation[] {
  const byName = new Map(messages.map((message) => [message.name, message]));
  if (previous.length === 0) return [...byName.values()].map((message) => containerObservation(message, undefined));
  // A name that the task does not have is none of its containers.
  return previous.map((known) => {
    const message = byName.get(known.name);
    return message ? containerObservation(message, known) : known;
  });
}

function containerObservation(message: ContainerStatusReceived, known: ContainerObservation | undefined): ContainerObservation {
  const bindings = message.networkBindings.map(networkBinding);
  const keepsBindings = bindings.length === 0 && message.lastStatus !== 'RUNNING';
  return {
    name: message.name,
    runtimeId: message.runtimeId || known?.runtimeId,
    lastStatus: message.lastStatus as ContainerObservation['lastStatus'],
    exitCode: message.exitCode ?? known?.exitCode,
    reason: message.reason || known?.reason,
    healthStatus: healthOf(message.healthStatus),
    imageDigest: message.imageDigest || known?.imageDigest,
    networkBindings: keepsBindings ? (known?.networkBindings ?? []) : bindings,
  };
}

const isContainerStatus = (status: string): status is ContainerObservation['lastStatus'] =>
  status === 'PENDING' || status === 'RUNNING' || status === 'STOPPED';

const networkBinding = (binding: NetworkBindingMessage): ContainerObservation['networkBindings'][number] => ({
  bindIP: binding.bindIp ?? '',
  containerPort: binding.containerPort ?? 0,
  hostPort: binding.hostPort ?? 0,
  protocol: binding.protocol === 'udp' ? 'udp' : 'tcp',
});
