/** A task as the ECS API shows it. Pure. */
import type { Container, ContainerOverride, Task as EcsTask, TaskOverride } from '@aws-sdk/client-ecs';
import {
  clusterArn,
  containerArn,
  containerInstanceArn,
  taskArn,
  taskDefinitionArn,
  taskStatusRank,
  type ArnScope,
  type DesiredStatus,
  type TaskStatus,
} from '@mini-ecs/shared';
import { hash } from 'node:crypto';
import { attributesOf, type ContainerInstance } from '../../domain/container-instance.ts';
import type { Task } from '../../domain/task.ts';
import { renderTags } from '../tags.ts';
import { EpochDate } from '../output.ts';

export interface TaskLookups {
  /** The container instance that the task is bound to; undefined: not placed, or the instance's record is gone. */
  instance?: ContainerInstance;
  includeTags?: boolean;
}

const date = (ms: number | undefined): Date | undefined => (ms === undefined ? undefined : new EpochDate(ms));
const text = (n: number | undefined): string | undefined => (n === undefined ? undefined : String(n));

/**
 * What ECS calls the desired status: a task that is on its way down by itself (an essential container exited) is meant to
 * stop as much as one that was told to, although nobody wrote it.
 */
export const desiredStatusOf = (task: Task): DesiredStatus =>
  taskStatusRank(task.observed.lastStatus) > taskStatusRank('RUNNING') ? 'STOPPED' : task.desire.desiredStatus;

/**
 * What ECS calls the last status: a task that has its place is PENDING, although its agent, whose word alone moves the stored
 * status from then on, has not spoken yet.
 */
const lastStatusOf = ({ observed, instance }: Task): TaskStatus =>
  observed.lastStatus === 'PROVISIONING' && instance !== undefined ? 'PENDING' : observed.lastStatus;

/** The deployment of its service, or what RunTask was given. */
export const startedByOf = (task: Task): string | undefined => task.spec.service?.deploymentId ?? task.spec.startedBy;

/** The part of a container's ARN that ECS makes at random: here the same at every look, since nobody stores it. */
function containerId(taskId: string, name: string): string {
  const hex = hash('sha256', `${taskId}/${name}`);
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20, 32)].join('-');
}

function renderContainers(task: Task, scope: ArnScope): Container[] {
  return task.spec.containers.map(({ name, image, cpu, memory, memoryReservation }) => {
    const observed = task.observed.containers.find((container) => container.name === name);
    return {
      containerArn: containerArn(scope, task.cluster, task.id, containerId(task.id, name)),
      taskArn: taskArn(scope, task.cluster, task.id),
      name,
      image,
      imageDigest: observed?.imageDigest,
      runtimeId: observed?.runtimeId,
      lastStatus: observed?.lastStatus ?? 'PENDING',
      exitCode: observed?.exitCode,
      reason: observed?.reason,
      networkBindings: observed?.networkBindings ?? [],
      networkInterfaces: [],
      healthStatus: observed?.healthStatus ?? 'UNKNOWN',
      cpu: String(cpu),
      memory: text(memory),
      memoryReservation: text(memoryReservation),
    };
  });
}

/** ECS names every container of the task, those without an override too. */
function renderOverrides(task: Task): TaskOverride {
  const given = task.spec.overrides;
  const overrideOf = (name: string): ContainerOverride =>
    given?.containerOverrides?.find((override) => override.name === name) ?? { name };
  return {
    ...given,
    containerOverrides: task.spec.containers.map(({ name }) => overrideOf(name)),
    inferenceAcceleratorOverrides: [],
  };
}

function renderPlace(task: Task, instance: ContainerInstance | undefined, scope: ArnScope): Partial<EcsTask> {
  if (task.instance === undefined) return { attributes: [] };
  const attributes = instance ? attributesOf(instance) : {};
  const architecture = attributes['ecs.cpu-architecture'];
  return {
    containerInstanceArn: containerInstanceArn(scope, task.cluster, task.instance),
    availabilityZone: attributes['ecs.availability-zone'] ?? undefined,
    attributes: architecture ? [{ name: 'ecs.cpu-architecture', value: architecture }] : [],
    connectivity: instance?.connected ? 'CONNECTED' : 'DISCONNECTED',
    connectivityAt: date(task.placedAt),
  };
}

/** The agent's own word on why it stopped wins over the wish: a task that was told to stop may have failed by itself before. */
function renderStop({ desire, observed }: Task): Partial<EcsTask> {
  return {
    stopCode: observed.stopCode ?? desire.stopCode,
    stoppedReason: observed.stoppedReason ?? desire.stoppedReason,
    stoppingAt: date(observed.stoppingAt ?? desire.stoppingAt),
    executionStoppedAt: date(observed.executionStoppedAt),
    stoppedAt: date(observed.stoppedAt),
  };
}

export function renderTask(task: Task, { instance, includeTags = false }: TaskLookups, scope: ArnScope): EcsTask {
  const { spec, observed } = task;
  return {
    taskArn: taskArn(scope, task.cluster, task.id),
    clusterArn: clusterArn(scope, task.cluster),
    taskDefinitionArn: taskDefinitionArn(scope, spec.taskDefinition),
    ...renderPlace(task, instance, scope),
    attachments: [],
    containers: renderContainers(task, scope),
    cpu: String(spec.resources.cpu),
    memory: String(spec.resources.memory),
    createdAt: date(spec.createdAt),
    desiredStatus: desiredStatusOf(task),
    lastStatus: lastStatusOf(task),
    enableExecuteCommand: spec.enableExecuteCommand ?? false,
    group: spec.group,
    healthStatus: observed.healthStatus,
    launchType: 'EC2',
    overrides: renderOverrides(task),
    pullStartedAt: date(observed.pullStartedAt),
    pullStoppedAt: date(observed.pullStoppedAt),
    startedAt: date(observed.startedAt),
    startedBy: startedByOf(task),
    ...renderStop(task),
    tags: includeTags ? renderTags(task.tags) : [],
    version: task.version,
  };
}
