import type { ContainerStatusMessage, TaskStatusMessage } from '@mini-ecs/shared';
import type { ContainerReport, TaskReport } from '../domain/task-record.ts';

/** A report as it travels: times become ages at this moment, because hosts have no common clock. */
export function statusMessage(taskId: string, report: TaskReport, now: number): TaskStatusMessage {
  const age = (time: number | undefined): number | undefined =>
    time === undefined ? undefined : Math.max(0, Math.round(now - time));
  return {
    taskId,
    lastStatus: report.lastStatus,
    containers: report.containers.map(containerMessage),
    stopCode: report.stopCode ?? '',
    stoppedReason: report.stoppedReason ?? '',
    healthStatus: report.healthStatus,
    pullStartedAgeMs: age(report.pullStartedAt),
    pullStoppedAgeMs: age(report.pullStoppedAt),
    startedAgeMs: age(report.startedAt),
    stoppingAgeMs: age(report.stoppingAt),
    executionStoppedAgeMs: age(report.executionStoppedAt),
    stoppedAgeMs: age(report.stoppedAt),
  };
}

const containerMessage = (container: ContainerReport): ContainerStatusMessage => ({
  name: container.name,
  runtimeId: container.runtimeId ?? '',
  lastStatus: container.lastStatus,
  exitCode: container.exitCode,
  reason: container.reason ?? '',
  healthStatus: container.healthStatus,
  imageDigest: container.imageDigest ?? '',
  networkBindings: container.networkBindings.map(({ bindIP, ...binding }) => ({ bindIp: bindIP, ...binding })),
});
