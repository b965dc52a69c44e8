import test from 'ava';
import { byImage, type SimulatedBehaviour } from '../runtime/simulated-behaviour.ts';
import { SimulatedRuntime } from '../runtime/simulated-runtime.ts';
import { VirtualTimers } from '../virtual-timers.ts';
import { ImagePuller, type ImagePullBehavior } from './image-puller.ts';

function aPuller(behavior: ImagePullBehavior, image: SimulatedBehaviour) {
  const timers = new VirtualTimers();
  const behaviour = { ...image };
  const runtime = new SimulatedRuntime({ timers, behaviour: byImage({ 'app:1': behaviour }) });
  let pulls = 0;
  const pull = runtime.pull.bind(runtime);
  runtime.pull = (name) => {
    pulls += 1;
    return pull(name);
  };
  const puller = new ImagePuller(runtime, behavior, timers);
  return { timers, behaviour, runtime, ensure: () => puller.ensure('app:1'), pulls: () => pulls };
}

test('an image made on this host is taken as it is: no registry knows it', async (t) => {
  const { ensure, pulls } = aPuller('default', { cached: true, pullError: 'pull access denied' });
  t.deepEqual(await ensure(), { digest: undefined });
  t.is(pulls(), 0);
});

test('an image of a registry is pulled for every task, once for tasks that start together', async (t) => {
  const { ensure, pulls } = aPuller('default', { cached: false });
  await Promise.all([ensure(), ensure(), ensure()]);
  t.is(pulls(), 1);
  t.deepEqual(await ensure(), { digest: 'sha256:app:1' });
  t.is(pulls(), 2);
});

test('a registry that does not answer costs one attempt in a while where the image is cached', async (t) => {
  const { ensure, pulls, behaviour, timers } = aPuller('default', { cached: false });
  await ensure();
  behaviour.pullError = 'i/o timeout';
  for (let task = 0; task < 5; task += 1) t.deepEqual(await ensure(), { digest: 'sha256:app:1' });
  t.is(pulls(), 2);
  await timers.advance(31_000);
  await ensure();
  t.is(pulls(), 3);
});

test('an image that is nowhere is an error', async (t) => {
  const { ensure } = aPuller('default', { cached: false, pullError: 'pull access denied' });
  await t.throwsAsync(ensure(), { message: 'pull access denied' });
});

test('"always" takes no cached image, "once" pulls once, "prefer-cached" only what is not there', async (t) => {
  const always = aPuller('always', { cached: true, pullError: 'i/o timeout' });
  await t.throwsAsync(always.ensure(), { message: 'i/o timeout' });
  for (const behavior of ['once', 'prefer-cached'] as const) {
    const { ensure, pulls } = aPuller(behavior, { cached: false });
    await ensure();
    await ensure();
    t.is(pulls(), 1);
  }
});
