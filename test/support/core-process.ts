/** A controller's core as a process of its own, to be killed: the argument is the URL of Redis. Says when it works. */
import { startRedisCore } from './controller-core.ts';

await startRedisCore({ redisUrl: process.argv[2] ?? '' });
process.send?.('working');
process.on('disconnect', () => process.exit());
