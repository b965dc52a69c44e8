import test from 'ava';
import { byImage, SimulatedRuntime } from '@mini-ecs/agent';
import { containerRuntimeContract, type Behaviour } from './container-runtime.ts';

const images: Record<Behaviour, string> = {
  runs: 'runs',
  'exits with 3': 'exits-with-3',
  'prints two lines': 'prints-two-lines',
  'ignores SIGTERM': 'ignores-sigterm',
  'exits with 7 on SIGTERM': 'exits-with-7-on-sigterm',
  'cannot start': 'cannot-start',
  'runs out of memory': 'runs-out-of-memory',
  'becomes healthy': 'becomes-healthy',
};

const runtime = new SimulatedRuntime({
  behaviour: byImage({
    'exits-with-3': { exitsAfterMs: 50, exitCode: 3 },
    'prints-two-lines': { exitsAfterMs: 10, output: 'one\ntwo\n' },
    'ignores-sigterm': { stopMs: Infinity },
    'exits-with-7-on-sigterm': { stopMs: 20, stopExitCode: 7, output: 'ready\n' },
    'cannot-start': { startError: 'exec: "nothing": executable file not found in $PATH' },
    'runs-out-of-memory': { exitsAfterMs: 20, outOfMemory: true },
    'becomes-healthy': { health: [{ afterMs: 30, status: 'HEALTHY' }] },
    missing: { pullError: 'pull access denied for missing', cached: false },
  }),
});

containerRuntimeContract(test, () => ({
  runtime,
  container: (behaviour) => ({ image: images[behaviour] }),
  missingImage: 'missing',
}));
