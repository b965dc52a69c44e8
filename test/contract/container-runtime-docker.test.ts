import test from 'ava';
import { DockerRuntime } from '@mini-ecs/agent';
import { busyboxImage, startTestHost, type TestHost } from '../support/lab-host.ts';
import { eventually } from '../support/eventually.ts';
import { aRequest, containerRuntimeContract, type Behaviour } from './container-runtime.ts';

// A process 1 without a handler never sees SIGTERM: `sleep` ignores it.
// The engine begins to watch a container's memory when it has started: one that is killed before is not known to be (containerd 8180).
const commands: Record<Behaviour, string[]> = {
  runs: ['sleep', '600'],
  'exits with 3': ['sh', '-c', 'exit 3'],
  'prints two lines': ['sh', '-c', 'echo one; echo two'],
  'ignores SIGTERM': ['sleep', '600'],
  'exits with 7 on SIGTERM': ['sh', '-c', 'trap "exit 7" TERM; echo ready; while true; do sleep 0.1; done'],
  'cannot start': ['nothing-of-that-name'],
  'becomes healthy': ['sleep', '600'],
  'runs out of memory': ['sh', '-c', 'sleep 0.5; x=0123456789abcdef; while true; do x=$x$x; done'],
};

let testHost: TestHost;
let runtime: DockerRuntime;

test.before(async () => {
  testHost = await startTestHost();
  runtime = new DockerRuntime(testHost.host.socket);
});

test.after.always(() => testHost?.close());

/** Whether a watch that begins after a container's exit tells of it. */
async function isToldAfterwards(instance: string): Promise<boolean> {
  const { id } = await runtime.create(aRequest({ image: busyboxImage, command: commands['exits with 3'] }, instance));
  await runtime.start(id);
  await eventually(async () => (await runtime.inspect(id))?.state === 'exited');
  return new Promise((resolve) => {
    const watch = runtime.watch(instance, (event) => {
      if (event.kind === 'changed' && event.id === id && event.what === 'exited') end(true);
    });
    const overdue = setTimeout(() => end(false), 2_000);
    const end = (told: boolean): void => {
      clearTimeout(overdue);
      watch.close();
      resolve(told);
    };
  });
}

test.serial('what happened in the second before the watch is told too: Docker does not listen yet when it answers', async (t) => {
  // More than once: on a slow machine the second may be over.
  t.true(await eventually(() => isToldAfterwards('watched-late')));
});

containerRuntimeContract(test.serial as typeof test, () => ({
  runtime,
  container: (behaviour) => ({ image: busyboxImage, command: commands[behaviour] }),
  // Nothing listens there: refused at once, without a name to look up.
  missingImage: '127.0.0.1:9/missing:1',
}));
