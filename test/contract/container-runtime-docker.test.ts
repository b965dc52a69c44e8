import test from 'ava';
import { DockerRuntime } from '@mini-ecs/agent';
import { busyboxImage, startTestHost, type TestHost } from '../support/lab-host.ts';
import { containerRuntimeContract, type Behaviour } from './container-runtime.ts';

// A process 1 without a handler never sees SIGTERM: `sleep` ignores it.
const commands: Record<Behaviour, string[]> = {
  runs: ['sleep', '600'],
  'exits with 3': ['sh', '-c', 'exit 3'],
  'prints two lines': ['sh', '-c', 'echo one; echo two'],
  'ignores SIGTERM': ['sleep', '600'],
  'exits with 7 on SIGTERM': ['sh', '-c', 'trap "exit 7" TERM; echo ready; while true; do sleep 0.1; done'],
  'cannot start': ['nothing-of-that-name'],
  'becomes healthy': ['sleep', '600'],
  'runs out of memory': ['sh', '-c', 'x=0123456789abcdef; while true; do x=$x$x; done'],
};

let testHost: TestHost;
let runtime: DockerRuntime;

test.before(async () => {
  testHost = await startTestHost();
  runtime = new DockerRuntime(testHost.host.socket);
});

test.after.always(() => testHost?.close());

containerRuntimeContract(test.serial as typeof test, () => ({
  runtime,
  container: (behaviour) => ({ image: busyboxImage, command: commands[behaviour] }),
  // Nothing listens there: refused at once, without a name to look up.
  missingImage: '127.0.0.1:9/missing:1',
}));
