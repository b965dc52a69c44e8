import { newId, newUuid, silentLogger, systemClock, createLogger } from '@mini-ecs/shared';
import { MemoryStore } from '../store/memory-store.ts';
import { MemoryWorkQueue } from './memory-work-queue.ts';
import { withHints } from './with-hints.ts';
import { StoreProjections } from '../projection/store-projections.ts';
import * as h from '../../../../test/support/controller-core.ts';
import { workHandler } from './controller-work.ts';
import { runSlowPass } from './slow-pass.ts';
import { instanceSnapshots } from './placement-snapshot.ts';
const [I, S, D] = process.argv.slice(2).map(Number) as [number, number, number];
const ms = (t: number) => (performance.now() - t).toFixed(0);
const memory = new MemoryStore({ clock: systemClock });
await h.createCluster(memory);
let t = performance.now();
for (let i = 0; i < I; i++) await h.openInstance(memory, { zone: 'z' + (i % 3), cpu: 100000, memory: 100000 });
for (let i = 0; i < S; i++) await h.createService(memory, { name: 's' + i, desiredCount: D });
console.log('made', ms(t));
const queue = new MemoryWorkQueue(systemClock, (w, e) => console.log(w, e));
const store = withHints(memory, queue);
const projections = await StoreProjections.start({ store, log: silentLogger });
const context = {
  store,
  projections,
  sink: queue,
  clock: systemClock,
  log: createLogger('x', 'info'),
  newTaskId: newId,
  newEventId: newUuid,
  newSeed: () => 1,
};
t = performance.now();
let last = performance.now(),
  worst = 0;
const lag = setInterval(() => {
  const n = performance.now();
  worst = Math.max(worst, n - last - 5);
  last = n;
}, 5);
const view = await projections.current('default');
queue.work(workHandler(context));
for (const [n] of view.services) queue.add([{ kind: 'service', cluster: 'default', service: n }]);
let p = performance.now();
while (!queue.isIdle) {
  await new Promise((r) => setTimeout(r, 20));
  if (performance.now() - p > 3000) {
    p = performance.now();
    console.log(ms(t), view.tasks.size, view.unplacedTasks().length, 'lag', worst.toFixed(0));
  }
}
console.log(
  'tasks created and placed',
  ms(t),
  'ms; unplaced',
  view.unplacedTasks().length,
  'tasks',
  view.tasks.size,
  'worst lag',
  worst.toFixed(0),
);
worst = 0;
t = performance.now();
const fresh = await StoreProjections.start({ store: memory, log: silentLogger });
await fresh.current('default');
console.log('load snapshot', ms(t), 'worst lag', worst.toFixed(0));
worst = 0;
t = performance.now();
let n = 0;
await runSlowPass(
  {
    ...context,
    sink: {
      add: (w) => {
        n += w.length;
      },
      lookAgainAt() {},
    },
  },
  projections.clusters(),
);
console.log('slow pass', ms(t), 'queued', n, 'worst lag', worst.toFixed(0));
t = performance.now();
instanceSnapshots(view);
console.log('snapshots', (performance.now() - t).toFixed(1));
t = performance.now();
instanceSnapshots(view);
console.log('snapshots again', (performance.now() - t).toFixed(1));
for (let i = 0; i < 5; i++) {
  t = performance.now();
  const { ids } = await h.runTasks(store, 10);
  const ok = await projections.waitUntil('default', 5000, (v) => ids.every((x) => v.tasks.get(x)?.instance) || undefined);
  console.log('RunTask 10 placed', ok, (performance.now() - t).toFixed(1));
}
console.log('rss MB', process.memoryUsage().rss >> 20);
clearInterval(lag);
await queue.close();
await projections.close();
await fresh.close();
