import type { ClientSettings } from '../client-settings.ts';

/** What `mini-ecs up` is told. */
export interface UpOptions {
  hosts: number;
  cluster: string;
  apiPort: number;
  agentPort: number;
  region: string;
  accessKey: Pick<ClientSettings, 'accessKeyId' | 'secretAccessKey'>;
  dataDir: string;
}
