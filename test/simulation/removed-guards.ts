/**
 * The store with one guard of its commits taken away, to prove that the simulation notices its absence. Each goes round the
 * guard with the store's own commands, so that the rest of the store stays as it is.
 */
import { decodePorts, encodePorts, taskStatusRank } from '@mini-ecs/shared';
import type * as S from '../../packages/controller/src/store/store.ts';

export const guards = ['capacity', 'ports', 'version', 'unplaced', 'forward-only', 'session'] as const;
export type Guard = (typeof guards)[number];

export function withoutGuard(guard: Guard): (store: S.Store) => S.Store {
  return (store) => {
    const replaced = replacements[guard](store);
    return new Proxy(store, {
      get(target, name) {
        const member: unknown = Reflect.get(replaced, name) ?? Reflect.get(target, name);
        return typeof member === 'function' ? (member.bind(target) as unknown) : member;
      },
    });
  };
}

const replacements: Record<Guard, (store: S.Store) => Partial<S.Store>> = {
  /** A placement is not refused for want of CPU or memory: the instance has plenty while it is committed. */
  capacity: (store) => ({
    commitPlacement: (command) =>
      committedWith(store, command, {
        before: (fields) => more(fields, plenty),
        after: (fields) => more(fields, -plenty),
      }),
  }),

  /** A placement is not refused for a port that is taken: the instance has all free while it is committed. */
  ports: (store) => ({
    commitPlacement: (command) =>
      committedWith(store, command, {
        before: () => ({ ports: '' }),
        after: (fields, { ports = '' }) => ({
          ports: encodePorts([...new Set([...decodePorts(ports), ...decodePorts(fields['ports'])])]),
        }),
      }),
  }),

  /** A reconcile is committed whatever has become of the service since it was decided. */
  version: (store) => ({
    async commitService(command) {
      const [fields] = await store.read(command.cluster, 'service', [command.service]);
      const version = (field: string): number => Number(fields?.[field] ?? 0);
      const expect = {
        specVersion: version('specVersion'),
        tasksVersion: version('tasksVersion'),
        stateVersion: version('stateVersion'),
      };
      return store.commitService({ ...command, expect });
    },
  }),

  /** A reconcile is committed though a task that it ends for having no place has one by now. */
  unplaced: (store) => ({
    commitService: (command) => store.commitService({ ...command, expect: { ...command.expect, unplaced: [] } }),
  }),

  /** A status is written though the task is further already. */
  'forward-only': (store) => ({
    async reportStatus(command) {
      const { cluster, instance, session, reports } = command;
      const [current] = await store.read(cluster, 'instance', [instance]);
      const tasks = await store.read(
        cluster,
        'task',
        reports.map(({ task }) => task),
      );
      for (const [index, { task, rank }] of reports.entries()) {
        const fields = tasks[index];
        const isBack = fields?.['instance'] === instance && rank < Number(fields['rank']) && current?.['session'] === session;
        if (isBack) await change(store, cluster, 'task', task, { rank: String(taskStatusRank('PROVISIONING')) });
      }
      return store.reportStatus(command);
    },
  }),

  /** Whoever had a session once writes with it for ever. */
  session: (store) => ({
    async reportStatus(command) {
      const [fields] = await store.read(command.cluster, 'instance', [command.instance]);
      return store.reportStatus({ ...command, session: fields?.['session'] ?? '' });
    },
  }),
};

/** The instances it binds to are others `before` it is committed, and made good `after` it, knowing what they were. */
async function committedWith(
  store: S.Store,
  command: S.CommitPlacement,
  { before, after }: { before: (fields: S.Fields) => S.Fields; after: (fields: S.Fields, original: S.Fields) => S.Fields },
): Promise<S.CommitPlacementResult> {
  const { cluster } = command;
  const ids = [...new Set(command.bind.map(({ instance }) => instance))];
  const known = new Map<string, S.Fields>();
  for (const [index, fields] of (await store.read(cluster, 'instance', ids)).entries()) {
    if (fields) known.set(ids[index] ?? '', fields);
  }
  for (const [id, fields] of known) await change(store, cluster, 'instance', id, before(fields));
  const result = await store.commitPlacement(command);
  for (const [id, original] of known) {
    const [fields = {}] = await store.read(cluster, 'instance', [id]);
    await change(store, cluster, 'instance', id, after(fields, original));
  }
  return result;
}

const plenty = 1_000_000_000;

const more = ({ cpu, memory }: S.Fields, by: number): S.Fields => ({
  cpu: String(Number(cpu ?? 0) + by),
  memory: String(Number(memory ?? 0) + by),
});

async function change(store: S.Store, partition: string, kind: S.RecordKind, id: string, set: S.Fields): Promise<void> {
  await store.put({ partition, kind, id, expect: 'any', set });
}
