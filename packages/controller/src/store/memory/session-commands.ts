/** openSession, reportStatus, refreshLeases, sweepLeases: twins of the Lua commands of the same names. */
import { decodePorts, encodePorts } from '@mini-ecs/shared';
import { lostPerSweep, returnsPerSecond } from '../store-limits.ts';
import type {
  Fields,
  OpenSession,
  OpenSessionResult,
  RefreshLeases,
  ReportStatus,
  ReportStatusResult,
  StatusWrite,
  SweepLeases,
  SweepResult,
} from '../store.ts';
import { ChangeSet } from './change-set.ts';
import { hintServicesOn } from './instance-index.ts';
import type { MemoryPartition } from './partition.ts';
import { endTask } from './task-index.ts';

const number = (fields: Fields, field: string): number => Number(fields[field] ?? 0);

export function openSession(partition: MemoryPartition, command: OpenSession, now: number): OpenSessionResult {
  const { instance: id, session, doc, resources, register, leaseMs } = command;
  if (!partition.clusterIsActive()) return { ok: false, reason: 'CLUSTER_NOT_FOUND' };
  const known = partition.record('instance', id);
  if ((!known && !register) || known?.['status'] === 'INACTIVE') return { ok: false, reason: 'UNKNOWN_INSTANCE' };

  const changes = new ChangeSet(partition);
  const instance = changes.edit('instance', id);
  const { cpu, memory, ports } = resources;
  if (known) {
    instance['cpu'] = String(number(known, 'cpu') + cpu - number(known, 'totalCpu'));
    instance['memory'] = String(number(known, 'memory') + memory - number(known, 'totalMemory'));
    if (known['reservedPorts'] !== ports) instance['ports'] = takenPorts(partition, id, ports);
    delete instance['disconnectedAt'];
  } else {
    partition.counts.instances += 1;
    Object.assign(instance, { status: 'ACTIVE', cpu: String(cpu), memory: String(memory), ports });
  }
  const totals = { totalCpu: String(cpu), totalMemory: String(memory), reservedPorts: ports };
  Object.assign(instance, { doc, session, connected: '1', ...totals });
  partition.leases.set(id, now + leaseMs);
  changes.hintPlacement();
  if (known && known['connected'] !== '1') hintServicesOn(changes, id);
  return changes.publish();
}

/** The reserved ports, and those of the tasks on it. */
function takenPorts(partition: MemoryPartition, instance: string, reserved: string): string {
  const tasks = [...partition.tasksOn(instance).keys()].sort();
  const ports = tasks.flatMap((id) => decodePorts(partition.record('task', id)?.['ports']));
  return encodePorts([...new Set([...decodePorts(reserved), ...ports])]);
}

export function reportStatus(partition: MemoryPartition, command: ReportStatus): ReportStatusResult {
  const { instance, session, now, reports } = command;
  if (session === '' || partition.record('instance', instance)?.['session'] !== session) {
    return { ok: false, reason: 'SUPERSEDED' };
  }
  const changes = new ChangeSet(partition);
  const outcomes = reports.map((report) => writeReport(changes, instance, report, now));
  return { ...changes.publish(), outcomes };
}

function writeReport(
  changes: ChangeSet,
  instance: string,
  { task: id, lastStatus, rank, health, observed }: StatusWrite,
  now: number,
): 'WRITTEN' | 'BACKWARD' | 'UNKNOWN_TASK' {
  const task = changes.partition.record('task', id);
  if (task?.['instance'] !== instance) return 'UNKNOWN_TASK';
  const knownRank = number(task, 'rank');
  if (rank < knownRank) return 'BACKWARD';
  const isFurther = rank > knownRank;
  const isOtherHealth = health !== (task['health'] ?? '');
  if (isFurther || isOtherHealth || observed !== task['observed']) {
    Object.assign(changes.edit('task', id), { observed, lastStatus, rank: String(rank), health });
  }
  if (isFurther && lastStatus === 'STOPPED') endTask(changes, id, observed, now);
  if (isFurther || isOtherHealth) changes.hintService(task['service']);
  return 'WRITTEN';
}

export function refreshLeases(partition: MemoryPartition, command: RefreshLeases, now: number): { superseded: string[] } {
  const superseded: string[] = [];
  partition.leaseHolders.delete(command.controller);
  if (command.sessions.length > 0) partition.leaseHolders.set(command.controller, { at: now, sessions: command.sessions.length });
  for (const { instance, session, agoMs = 0 } of command.sessions) {
    const current = partition.record('instance', instance);
    if (session !== '' && current?.['session'] === session && current['connected'] === '1') {
      partition.leases.set(instance, now + command.leaseMs - agoMs);
    } else {
      superseded.push(instance);
    }
  }
  return { superseded };
}

export function sweepLeases(partition: MemoryPartition, command: SweepLeases, now: number): SweepResult {
  const { leaseMs, periodMs, holderSilenceMs } = command;
  const sweep = partition.leaseSweep;
  const returnMs = (agents: number): number => Math.ceil((leaseMs * 3) / 4) + (agents * 1_000) / returnsPerSecond;
  const timeToReturn = Math.max(leaseMs, returnMs(partition.counts.instances));
  if (sweep.tick === undefined || now - sweep.tick > 2 * periodMs) sweep.judgeFrom = now + timeToReturn;
  for (const [holder, { at, sessions }] of partition.leaseHolders) {
    if (now - at <= holderSilenceMs) continue;
    sweep.judgeFrom = Math.max(sweep.judgeFrom, now + returnMs(sessions));
    partition.leaseHolders.delete(holder);
  }
  sweep.judgeFrom = Math.min(sweep.judgeFrom, now + timeToReturn);
  sweep.tick = now;

  const changes = new ChangeSet(partition);
  const lost = sweep.judgeFrom <= now ? expired(partition, now).filter((id) => judgeLost(changes, id, now)) : [];
  const { seq, hints } = changes.publish();
  return { lost, pausedForMs: Math.max(0, sweep.judgeFrom - now), hints, seq };
}

const expired = (partition: MemoryPartition, now: number): string[] =>
  [...partition.leases]
    .filter(([, until]) => until <= now)
    .sort(([idA, a], [idB, b]) => a - b || (idA < idB ? -1 : 1))
    .slice(0, lostPerSweep)
    .map(([id]) => id);

function judgeLost(changes: ChangeSet, instance: string, now: number): boolean {
  changes.partition.leases.delete(instance);
  if (!changes.partition.record('instance', instance)) return false;
  Object.assign(changes.edit('instance', instance), { connected: '0', disconnectedAt: String(now) });
  changes.hintPlacement();
  hintServicesOn(changes, instance);
  return true;
}
