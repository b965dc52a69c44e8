/**
 * A store whose commands queue what they marked dirty. The command is not held up by it and does not fail by it: the
 * hint stays in the cluster's dirty set until a worker takes it.
 */
import { globalPartition, type Partition, type Store, type WorkHint } from '../store/store.ts';
import { workOfHint, type WorkSink } from './work.ts';

export function withHints(store: Store, sink: Pick<WorkSink, 'add'>): Store {
  const queueing = async <R extends object>(partition: Partition, command: Promise<R>): Promise<R> => {
    const result = await command;
    if (partition !== globalPartition && 'hints' in result) {
      sink.add((result.hints as WorkHint[]).flatMap((hint) => workOfHint(partition, hint) ?? []));
    }
    return result;
  };
  return {
    identity: () => store.identity(),
    raiseEpoch: () => store.raiseEpoch(),
    read: (partition, kind, ids) => store.read(partition, kind, ids),
    feedEnd: (partition) => store.feedEnd(partition),
    readChanges: (partition, since) => store.readChanges(partition, since),
    snapshot: (partition) => store.snapshot(partition),
    waitForChanges: (positions, timeoutMs, signal) => store.waitForChanges(positions, timeoutMs, signal),
    put: (command) => queueing(command.partition, store.put(command)),
    remove: (command) => queueing(command.partition, store.remove(command)),
    registerTaskDefinition: (command) => store.registerTaskDefinition(command),
    deleteCluster: (cluster) => queueing(cluster, store.deleteCluster(cluster)),
    createTasks: (command) => queueing(command.cluster, store.createTasks(command)),
    stopTasks: (command) => queueing(command.cluster, store.stopTasks(command)),
    commitService: (command) => queueing(command.cluster, store.commitService(command)),
    commitPlacement: (command) => queueing(command.cluster, store.commitPlacement(command)),
    refusals: (cluster, requestId) => store.refusals(cluster, requestId),
    reap: (command) => queueing(command.cluster, store.reap(command)),
    enrolInstance: (command) => queueing(command.cluster, store.enrolInstance(command)),
    openSession: (command) => queueing(command.cluster, store.openSession(command)),
    reportStatus: (command) => queueing(command.cluster, store.reportStatus(command)),
    refreshLeases: (command) => store.refreshLeases(command),
    sweepLeases: (command) => queueing(command.cluster, store.sweepLeases(command)),
    abandonTasks: (command) => queueing(command.cluster, store.abandonTasks(command)),
    hints: (cluster) => store.hints(cluster),
    clearHint: (cluster, hint) => store.clearHint(cluster, hint),
    close: () => store.close(),
  };
}
