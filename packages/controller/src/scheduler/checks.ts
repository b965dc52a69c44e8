/**
 * What a container instance must pass to be given a task, in the order in which it is asked. Each check stands here with all
 * of its words: for `failures[]`, for the service event, and for what exactly is lacking. The first that fails counts.
 * https://docs.aws.amazon.com/AmazonECS/latest/developerguide/api_failures_messages.html
 * https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-event-messages-list.html
 */
import type { Resources } from '@mini-ecs/shared';
import type { PlacementCheck, RequiredAttribute } from './placement.ts';
import { evaluate, type ParsedExpression } from './query-language.ts';
import type { WorkingInstance } from './working-cluster.ts';

/** What tasks alike want of an instance. */
export interface Requirements {
  group: string;
  resources: Resources;
  attributes: readonly RequiredAttribute[];
  memberOf: readonly { text: string; parsed: ParsedExpression }[];
  distinctInstance: boolean;
}

interface Check {
  name: PlacementCheck;
  fails(instance: WorkingInstance, wanted: Requirements): boolean;
  /** What the instance lacks, with figures: for logs and explanations. */
  lacks(instance: WorkingInstance, wanted: Requirements): string;
  /** How far it is from passing; compared among instances that fail the same check. */
  shortBy?(instance: WorkingInstance, wanted: Requirements): number;
  /** ECS's `failures[].reason`. */
  failureReason: string;
  /** What the service event says of the closest match. */
  inEvent: string;
}

const encountered = (error: string): string => `encountered error "${error}"`;
const memberOfReason = 'MemberOf placement constraint unsatisfied.';
const distinctInstanceReason = 'DistinctInstance placement constraint unsatisfied.';

const hasAttribute = ({ attributes }: WorkingInstance, { name, value }: RequiredAttribute): boolean =>
  Object.hasOwn(attributes, name) && (value === undefined || attributes[name] === value);
const isMember = (instance: WorkingInstance, { parsed }: Requirements['memberOf'][number]): boolean =>
  parsed.ok && evaluate(parsed.expression, instance);
const takenPorts = (instance: WorkingInstance, { resources }: Requirements): string[] =>
  resources.ports.filter((port) => instance.usedPorts.has(port));

const checks: readonly Check[] = [
  {
    name: 'AGENT',
    fails: (instance) => !instance.connected,
    lacks: () => 'its agent is not connected',
    failureReason: 'AGENT',
    inEvent: "doesn't have the agent connected",
  },
  {
    name: 'INACTIVE',
    fails: (instance) => instance.status === 'INACTIVE',
    lacks: () => 'it is deregistered',
    failureReason: 'INACTIVE',
    inEvent: encountered('INACTIVE'),
  },
  {
    name: 'DRAINING',
    fails: (instance) => instance.status === 'DRAINING',
    lacks: () => 'it is draining',
    failureReason: 'DRAINING',
    inEvent: encountered('DRAINING'),
  },
  {
    name: 'ATTRIBUTE',
    fails: (instance, wanted) => wanted.attributes.some((attribute) => !hasAttribute(instance, attribute)),
    lacks: (instance, wanted) =>
      `no ${wanted.attributes
        .filter((attribute) => !hasAttribute(instance, attribute))
        .map(({ name, value }) => (value === undefined ? name : `${name}=${value}`))
        .join(', ')}`,
    failureReason: 'ATTRIBUTE',
    inEvent: 'is missing an attribute required by your task',
  },
  {
    name: 'memberOf',
    fails: (instance, wanted) => wanted.memberOf.some((constraint) => !isMember(instance, constraint)),
    lacks: (instance, wanted) =>
      wanted.memberOf
        .filter((constraint) => !isMember(instance, constraint))
        .map(({ text, parsed }) => (parsed.ok ? `not ${text}` : parsed.message))
        .join('; '),
    failureReason: memberOfReason,
    inEvent: encountered(memberOfReason),
  },
  {
    name: 'distinctInstance',
    fails: (instance, wanted) => wanted.distinctInstance && (instance.tasksByGroup.get(wanted.group) ?? 0) > 0,
    lacks: (_, wanted) => `has a task of ${wanted.group} already`,
    failureReason: distinctInstanceReason,
    inEvent: encountered(distinctInstanceReason),
  },
  {
    name: 'RESOURCE:CPU',
    fails: (instance, { resources }) => resources.cpu > instance.cpu,
    lacks: (instance, { resources }) => `${resources.cpu} CPU units wanted, ${instance.cpu} free`,
    shortBy: (instance, { resources }) => resources.cpu - instance.cpu,
    failureReason: 'RESOURCE:CPU',
    inEvent: 'has insufficient CPU units available',
  },
  {
    name: 'RESOURCE:MEMORY',
    fails: (instance, { resources }) => resources.memory > instance.memory,
    lacks: (instance, { resources }) => `${resources.memory} MiB of memory wanted, ${instance.memory} free`,
    shortBy: (instance, { resources }) => resources.memory - instance.memory,
    failureReason: 'RESOURCE:MEMORY',
    inEvent: 'has insufficient memory available',
  },
  {
    name: 'RESOURCE:PORTS',
    fails: (instance, { resources }) => resources.ports.some((port) => instance.usedPorts.has(port)),
    lacks: (instance, wanted) => `${takenPorts(instance, wanted).join(', ')} in use`,
    shortBy: (instance, wanted) => takenPorts(instance, wanted).length,
    failureReason: 'RESOURCE:PORTS',
    inEvent: 'is already using a port required by your task',
  },
];

/** The first check that the instance fails; undefined: the task fits. */
export function failedCheck(instance: WorkingInstance, wanted: Requirements): Check | undefined {
  for (const check of checks) if (check.fails(instance, wanted)) return check;
  return undefined;
}

/** How many checks stand before it, that is, were passed. */
export const checksPassedBefore = (check: Check): number => checks.indexOf(check);

/** What ECS writes into `failures[].reason` for an instance that failed the check. */
export const failureReason = (name: PlacementCheck): string => checks.find((check) => check.name === name)?.failureReason ?? name;
