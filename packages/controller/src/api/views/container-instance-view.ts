/** A container instance as the ECS API shows it. Pure. */
import type { Attribute, ContainerInstance as EcsContainerInstance, Resource } from '@aws-sdk/client-ecs';
import { containerInstanceArn, isStarting, type ArnScope } from '@mini-ecs/shared';
import { attributesOf, type Attributes, type ContainerInstance } from '../../domain/container-instance.ts';
import type { Task } from '../../domain/task.ts';
import { renderTags } from '../tags.ts';
import { EpochDate } from '../output.ts';

export interface ContainerInstanceLookups {
  /** Every task bound to it; those STOPPED count for nothing. */
  tasks: readonly Task[];
  includeTags?: boolean;
  includeHealth?: boolean;
}

const unset = { doubleValue: 0, longValue: 0, integerValue: 0 };

/** `80/tcp` … of one protocol as ECS lists them: `80`. */
const portsOf = (ports: Iterable<string>, protocol: 'tcp' | 'udp'): string[] =>
  [...ports]
    .filter((port) => port.endsWith(`/${protocol}`))
    .map((port) => port.slice(0, port.indexOf('/')))
    .sort((a, b) => Number(a) - Number(b));

const renderResources = (cpu: number, memory: number, ports: ReadonlySet<string>): Resource[] => [
  { name: 'CPU', type: 'INTEGER', ...unset, integerValue: cpu },
  { name: 'MEMORY', type: 'INTEGER', ...unset, integerValue: memory },
  { name: 'PORTS', type: 'STRINGSET', ...unset, stringSetValue: portsOf(ports, 'tcp') },
  { name: 'PORTS_UDP', type: 'STRINGSET', ...unset, stringSetValue: portsOf(ports, 'udp') },
];

export const renderAttributes = (attributes: Attributes): Attribute[] =>
  Object.entries(attributes)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, value]) => (value === null ? { name } : { name, value }));

/** An instance that was deregistered has no agent for anybody, whatever its last session says. */
const isAgentConnected = (instance: ContainerInstance): boolean => instance.connected && instance.status !== 'INACTIVE';

export function renderContainerInstance(
  instance: ContainerInstance,
  { tasks, includeTags = false, includeHealth = false }: ContainerInstanceLookups,
  scope: ArnScope,
): EcsContainerInstance {
  const { registration, free } = instance;
  const left = tasks.filter(({ observed }) => observed.lastStatus !== 'STOPPED');
  const pending = left.filter(({ observed }) => isStarting(observed.lastStatus));
  const isConnected = isAgentConnected(instance);
  return {
    containerInstanceArn: containerInstanceArn(scope, instance.cluster, instance.id),
    ec2InstanceId: registration.hostname,
    version: instance.version,
    versionInfo: { agentVersion: registration.agentVersion, dockerVersion: registration.dockerVersion },
    registeredResources: renderResources(
      registration.resources.cpu,
      registration.resources.memory,
      new Set(registration.resources.ports),
    ),
    remainingResources: renderResources(free.cpu, free.memory, new Set([...registration.resources.ports, ...free.usedPorts])),
    status: instance.status,
    agentConnected: isConnected,
    // A task on its way down still runs here: who waits for 0 before switching the host off must wait for it too.
    runningTasksCount: left.length - pending.length,
    pendingTasksCount: pending.length,
    attributes: renderAttributes(attributesOf(instance)),
    registeredAt: new EpochDate(registration.registeredAt),
    attachments: [],
    tags: includeTags ? renderTags(instance.tags) : [],
    ...(includeHealth ? { healthStatus: { overallStatus: isConnected ? 'OK' : 'INSUFFICIENT_DATA', details: [] } } : {}),
  };
}
