/** A process that takes work and never finishes it: arguments are the URL of Redis and the queue's prefix. */
import { silentLogger, systemClock } from '@mini-ecs/shared';
import { WorkQueue } from '../../packages/controller/src/queue/work-queue.ts';
import { redisOptions } from '../../packages/controller/src/store/redis-connection.ts';

const [url = '', prefix = ''] = process.argv.slice(2);
const queue = new WorkQueue({ redis: redisOptions(url), log: silentLogger, clock: systemClock, prefix });
queue.work((work) => {
  process.send?.(work);
  return new Promise(() => undefined);
});
process.on('disconnect', () => process.exit());
