import test from 'ava';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { FileStateStore } from './file-state-store.ts';

const state = { format: 1 as const, instanceId: 'i', cluster: 'default', storeId: 's', storeEpoch: 1, tasks: [] };

async function inFolder(body: (folder: string) => Promise<void>): Promise<void> {
  const folder = await mkdtemp(path.join(tmpdir(), 'mini-ecs-state-'));
  try {
    await body(folder);
  } finally {
    await rm(folder, { recursive: true });
  }
}

test('what is saved is loaded, and leaves one file', (t) =>
  inFolder(async (folder) => {
    const store = new FileStateStore(path.join(folder, 'agent'));
    t.is(await store.load(), undefined);
    await store.save(state);
    await store.save({ ...state, storeEpoch: 2 });
    t.deepEqual(await store.load(), { ...state, storeEpoch: 2 });
    t.deepEqual(await readdir(path.join(folder, 'agent')), ['agent-state.json']);
    await store.remove();
    t.is(await store.load(), undefined);
  }));

test('a state that cannot be read is an error, not a new instance', (t) =>
  inFolder(async (folder) => {
    const store = new FileStateStore(folder);
    await writeFile(path.join(folder, 'agent-state.json'), '{"format":2}');
    await t.throwsAsync(store.load(), { message: /unknown format 2/ });
    await writeFile(path.join(folder, 'agent-state.json'), '{"format"');
    await t.throwsAsync(store.load());
  }));
