import { mkdir, open, readFile, rename, rm } from 'node:fs/promises';
import path from 'node:path';

/** What makes an agent its instance's: whoever has it can speak for the instance. All PEM. */
export interface AgentCertificate {
  cluster: string;
  instanceId: string;
  key: string;
  /** '' while the agent has but a key: one whose join was cut off asks again with the same. */
  certificate: string;
  /** Of the authority that signed it and the controllers' certificates: the only one that is trusted. */
  authority: string;
  /** ms since the epoch, by this host's clock */
  obtainedAt: number;
  lifetimeMs: number;
}

export interface CertificateStore {
  load(): Promise<AgentCertificate | undefined>;
  save(certificate: AgentCertificate): Promise<void>;
  remove(): Promise<void>;
}

/** `agent-certificate.json` in the agent's data directory, for its owner only, replaced as a whole: key and certificate always match. */
export class FileCertificateStore implements CertificateStore {
  readonly #file: string;

  constructor(folder: string) {
    this.#file = path.join(folder, 'agent-certificate.json');
  }

  async load(): Promise<AgentCertificate | undefined> {
    try {
      return JSON.parse(await readFile(this.#file, 'utf8')) as AgentCertificate;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
      throw error;
    }
  }

  async save(certificate: AgentCertificate): Promise<void> {
    await mkdir(path.dirname(this.#file), { recursive: true, mode: 0o700 });
    const next = `${this.#file}.next`;
    const file = await open(next, 'w', 0o600);
    try {
      await file.writeFile(JSON.stringify(certificate, undefined, 2));
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

/** For simulated agents. */
export class MemoryCertificateStore implements CertificateStore {
  #certificate: AgentCertificate | undefined;

  load(): Promise<AgentCertificate | undefined> {
    return Promise.resolve(this.#certificate);
  }

  save(certificate: AgentCertificate): Promise<void> {
    this.#certificate = certificate;
    return Promise.resolve();
  }

  remove(): Promise<void> {
    this.#certificate = undefined;
    return Promise.resolve();
  }
}
