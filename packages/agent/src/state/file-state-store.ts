import { mkdir, open, readFile, rename, rm } from 'node:fs/promises';
import path from 'node:path';
import type { AgentState, StateStore } from './agent-state.ts';

/** `agent-state.json` in the agent's data directory, replaced as a whole: a crash leaves the old one or the new one. */
export class FileStateStore implements StateStore {
  readonly #file: string;

  constructor(folder: string) {
    this.#file = path.join(folder, 'agent-state.json');
  }

  /** undefined: there is none. Throws for one that it cannot read: a guess could cost running tasks. */
  async load(): Promise<AgentState | undefined> {
    let text: string;
    try {
      text = await readFile(this.#file, 'utf8');
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
      throw error;
    }
    const state = JSON.parse(text) as AgentState;
    if (state.format !== 1) throw new Error(`${this.#file} has the unknown format ${String(state.format)}.`);
    return state;
  }

  async save(state: AgentState): Promise<void> {
    await mkdir(path.dirname(this.#file), { recursive: true, mode: 0o700 });
    const next = `${this.#file}.next`;
    const file = await open(next, 'w', 0o600);
    try {
      await file.writeFile(JSON.stringify(state));
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(next, this.#file);
  }

  async remove(): Promise<void> {
    await rm(this.#file, { force: true });
  }
}
